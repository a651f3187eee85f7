#include "server/site.h"

namespace headroom::server {

const HttpReply* embedded_file(std::string_view /*path*/) { return nullptr; }

}  // namespace headroom::server
