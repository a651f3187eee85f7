#include "server/stand.h"

#include "base/log.h"

namespace headroom::server::test {

Stand::Stand() : Stand(ServerSettings()) {}

Stand::Stand(ServerSettings settings) : library(folder.path(), {.free_floor = 0}), engine(library) {
  set_up_logging("warn");
  settings.port = settings.control_port = 0;
  server = std::make_unique<Server>(std::move(settings), library, engine);
  server->start();
}

Stand::~Stand() { server.reset(); }

}  // namespace headroom::server::test
