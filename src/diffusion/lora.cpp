#include "diffusion/lora.h"

#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "base/error.h"
#include "diffusion/lora_names.h"
#include "tensor/checkpoint.h"

namespace headroom::diffusion {
namespace {

using Parts = std::map<LoraRole, at::Tensor>;

// A matrix, or the product of two: nothing is multiplied before its shape is known to fit, or a
// small file could ask for any amount of memory.
struct Matrix {
  at::Tensor left;
  at::Tensor right{};  // undefined: `left` is the matrix

  std::int64_t rows() const { return left.size(0); }
  std::int64_t columns() const { return right.defined() ? right.size(1) : left.size(1); }
  at::Tensor product() const {
    return right.defined() ? at::matmul(left.to(at::kFloat), right.to(at::kFloat)) : left;
  }
};

struct Factors {
  Matrix a;
  Matrix b;
  std::int64_t rank = 0;  // 0: not a product of factors
  bool kronecker = false;

  std::vector<std::int64_t> shape() const {
    if (!kronecker) return {b.rows(), a.columns()};
    return {b.rows() * a.rows(), b.columns() * a.columns()};
  }
};

const at::Tensor* part_of(const Parts& parts, LoraRole role) {
  const auto found = parts.find(role);
  return found == parts.end() ? nullptr : &found->second;
}

// Larger than any layer; keeps products of sizes from overflowing.
constexpr std::int64_t kLongestSide = std::int64_t{1} << 24U;

bool is_matrix(const at::Tensor& x) {
  return x.dim() == 2 && x.numel() > 0 && x.size(0) <= kLongestSide && x.size(1) <= kLongestSide;
}

// One factor of a Kronecker product: whole, or as a product of two.
std::optional<Matrix> kronecker_factor(const Parts& parts, LoraRole whole, LoraRole left,
                                       LoraRole right, std::int64_t& rank) {
  if (const auto* found = part_of(parts, whole)) {
    if (!is_matrix(*found)) return std::nullopt;
    return Matrix{*found};
  }
  const auto* a = part_of(parts, left);
  const auto* b = part_of(parts, right);
  if (a == nullptr || b == nullptr || !is_matrix(*a) || !is_matrix(*b) || a->size(1) != b->size(0))
    return std::nullopt;
  rank = b->size(0);
  return Matrix{*a, *b};
}

Result<Factors, LoraRefusal> factors_of(const std::string& module, const Parts& parts) {
  const auto* down = part_of(parts, LoraRole::down);
  const auto* up = part_of(parts, LoraRole::up);
  if (down != nullptr && up != nullptr) {
    const auto shapes = fmt::format("'{}' has factors of shapes {} and {}", printable(module),
                                    shape_text(down->sizes()), shape_text(up->sizes()));
    if (!is_matrix(*down) || !is_matrix(*up))
      return LoraRefusal{shapes + "; only changes of linear layers can be merged"};
    if (down->size(0) != up->size(1)) return LoraRefusal{shapes + ", which do not multiply"};
    return Factors{{*down}, {*up}, down->size(0)};
  }
  std::int64_t rank = 0;
  const auto first = kronecker_factor(parts, LoraRole::w1, LoraRole::w1_a, LoraRole::w1_b, rank);
  const auto second = kronecker_factor(parts, LoraRole::w2, LoraRole::w2_a, LoraRole::w2_b, rank);
  if (first && second) return Factors{*second, *first, rank, true};
  return LoraRefusal{fmt::format("'{}' has only one half of its pair", printable(module))};
}

// The rank that a LyCORIS file states for products that it stores whole; 0 when it does not.
std::int64_t stated_rank(const LoraReading& reading) {
  const auto found = reading.metadata.find("lokr_config");
  if (found == reading.metadata.end()) return 0;
  const auto config = nlohmann::json::parse(found->second, nullptr, /*allow_exceptions=*/false);
  if (!config.is_object()) return 0;
  const auto rank = config.value("linear_dim", nlohmann::json(0));
  return rank.is_number_integer() ? rank.get<std::int64_t>() : 0;
}

double gamma_of(const LoraReading& reading, const std::string& module, const Parts& parts,
                std::int64_t rank) {
  if (!reading.scale_by_alpha) return 1.0;
  if (rank == 0) rank = stated_rank(reading);
  std::optional<double> alpha = configured_alpha(reading.adapter_config, module);
  if (const auto* stored = part_of(parts, LoraRole::alpha)) alpha = stored->item<double>();
  if (!alpha || rank < 1) return 1.0;
  const auto& config = reading.adapter_config;
  const bool stabilised = config.is_object() &&
                          config.value("use_rslora", nlohmann::json(false)) == nlohmann::json(true);
  const auto r = static_cast<double>(rank);
  return *alpha / (stabilised ? std::sqrt(r) : r);
}

std::string config_fault(const nlohmann::json& config) {
  if (!config.is_object()) return "";
  for (const char* flag : {"use_dora", "fan_in_fan_out"}) {
    if (config.value(flag, nlohmann::json(false)) == nlohmann::json(true))
      return fmt::format("its adapter_config.json asks for {}, which cannot be merged", flag);
  }
  return "";
}

Result<std::map<std::string, Parts>, LoraRefusal> modules_of(
    const std::map<std::string, at::Tensor>& tensors) {
  std::map<std::string, Parts> modules;
  for (const auto& [name, tensor] : tensors) {
    auto parsed = parse_lora_name(name);
    if (!parsed) return parsed.error();
    const auto& place = parsed.value();
    if (!tensor.is_floating_point() || !tensor.isfinite().all().item<bool>())
      return LoraRefusal{fmt::format("'{}' holds something that is not a number", printable(name))};
    if (place.role == LoraRole::alpha && tensor.numel() != 1)
      return LoraRefusal{fmt::format("'{}' is not one number", printable(name))};
    if (!modules[place.module].emplace(place.role, tensor).second)
      return LoraRefusal{fmt::format("'{}' is there twice", printable(name))};
  }
  return modules;
}

}  // namespace

at::Tensor LoraDelta::full() const {
  const auto wide_a = a.to(at::kFloat);
  const auto wide_b = b.to(at::kFloat);
  const auto delta = kronecker ? at::kron(wide_b, wide_a) : at::matmul(wide_b, wide_a);
  return gamma == 1.0 ? delta : delta * gamma;
}

std::uint64_t Lora::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& delta : deltas) sum += delta.a.nbytes() + delta.b.nbytes();
  return sum;
}

Result<Lora, LoraRefusal> read_lora(const std::map<std::string, at::Tensor>& tensors,
                                    const LoraShapes& shapes, const LoraReading& reading) {
  if (auto fault = config_fault(reading.adapter_config); !fault.empty()) return LoraRefusal{fault};
  const auto modules = modules_of(tensors);
  if (!modules) return modules.error();
  const LoraModules known(shapes);
  std::map<std::string, LoraDelta> deltas;
  Lora lora;
  std::string mismatch;
  for (const auto& [module, parts] : modules.value()) {
    const auto factors = factors_of(module, parts);
    if (!factors) return factors.error();
    const auto target = known.find(module);
    const auto shape = factors.value().shape();
    if (!target || shapes.at(*target) != shape) {
      lora.skipped.push_back(module);
      if (target)
        mismatch = fmt::format("'{}' is {} here and {} in the file", printable(*target),
                               shape_text(shapes.at(*target)), shape_text(shape));
      continue;
    }
    const auto& f = factors.value();
    LoraDelta delta{*target, f.a.product(), f.b.product(), gamma_of(reading, module, parts, f.rank),
                    f.kronecker};
    if (!std::isfinite(delta.gamma) || !deltas.emplace(*target, std::move(delta)).second)
      return LoraRefusal{fmt::format("'{}' is changed twice, or by no number", printable(*target))};
  }
  for (auto& [target, delta] : deltas) lora.deltas.push_back(std::move(delta));
  if (!lora.deltas.empty()) return lora;
  if (!mismatch.empty()) return LoraRefusal{"incompatible base model: " + mismatch};
  return LoraRefusal{
      fmt::format("none of its {} modules is in this model", modules.value().size())};
}

}  // namespace headroom::diffusion
