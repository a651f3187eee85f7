// Files of the web client inside the program.
#pragma once

#include <string_view>
#include <vector>

#include "server/http.h"

namespace headroom::server {

struct EmbeddedFile {
  const char* path;  // "/index.html"
  const char* begin;
  const char* end;
};

/// All of them; none when the program was built without web/dist.
const std::vector<EmbeddedFile>& embedded_entries();

/// The answer to a path of the web client ("/" is its page); nothing for others. Lives for ever.
const HttpReply* embedded_file(std::string_view path);

}  // namespace headroom::server
