#include "studio/finite.h"

#include <fmt/format.h>

#include "base/error.h"

namespace headroom::studio {

void require_finite(const at::Tensor& result, std::string_view network) {
  // A sum is finite only if all of it is, and needs no second tensor; one that overflows is rare
  // enough to be looked at again.
  if (at::isfinite(result.sum()).item<bool>() || at::isfinite(result).all().item<bool>()) return;
  throw Error(ErrorKind::checkpoint,
              fmt::format("the {} made something that is not a number; its files are damaged or do "
                          "not belong to this model: download them again",
                          network));
}

}  // namespace headroom::studio
