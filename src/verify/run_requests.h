// The requests of a recorded run: scalars stand in its config, tensors under their names.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "diffusion/dcw.h"
#include "diffusion/request.h"
#include "diffusion/ring.h"
#include "verify/golden.h"

namespace headroom::verify {

class RunRequests {
 public:
  explicit RunRequests(const Golden& golden);

  const std::vector<std::string>& names() const { return names_; }
  /// Its place among the names; −1 when there is none of that name.
  int index(const std::string& name) const;
  /// With the recorded initial noise, when there is one. Throws Error(input).
  diffusion::Request request(const std::string& name) const;

  /// A number, the name of a tensor, or null.
  diffusion::Curve curve(const nlohmann::json& value) const;

 private:
  at::Tensor latent(const nlohmann::json& value) const;
  diffusion::Condition condition(const nlohmann::json& value) const;
  diffusion::LatentMask mask(const nlohmann::json& value) const;
  diffusion::Guidance guidance(const nlohmann::json& request) const;

  const Golden& golden_;
  std::vector<std::string> names_;
};

/// What the revision of the reference that recorded the file did otherwise.
diffusion::ReferenceWays reference_ways(const Golden& golden);

/// The corrector's settings over a run. A change replaces what it names and keeps the rest, also
/// while the corrector is off (as the reference does).
class RunDcw {
 public:
  /// `json` has any of enabled, mode, scaler, high_scaler, wavelet, advanced.
  void change(const nlohmann::json& json, const RunRequests& requests, const std::string& label);
  std::optional<diffusion::DcwSettings> now() const;

 private:
  bool enabled_ = true;
  diffusion::DcwSettings settings_;
};

}  // namespace headroom::verify
