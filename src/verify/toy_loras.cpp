#include "verify/toy_loras.h"

#include <fmt/format.h>

namespace headroom::verify {
namespace {

using namespace diffusion;

std::map<std::string, LoraTarget> targets(const Golden& golden, ToyDecoder& decoder) {
  const auto target = [&](const char* name, at::Tensor& weight) {
    return LoraTarget{&weight, [&golden, name] { return golden.tensor(name); }};
  };
  return {{"x_proj.weight", target("in.dec.x_proj", decoder.x_proj)},
          {"c_proj.weight", target("in.dec.c_proj", decoder.c_proj)},
          {"e_proj.weight", target("in.dec.e_proj", decoder.e_proj)}};
}

}  // namespace

std::map<std::string, at::Tensor> tensors_below(const Golden& golden, const std::string& prefix) {
  std::map<std::string, at::Tensor> tensors;
  for (const auto& name : golden.names(prefix))
    tensors[name.substr(prefix.size())] = golden.tensor(name);
  return tensors;
}

ToyLoras::ToyLoras(const Golden& golden, ToyDecoder& decoder)
    : golden_(golden), stack_(targets(golden, decoder)) {}

void ToyLoras::apply(const nlohmann::json& event) {
  const auto call = field<std::string>(event, "call", golden_.label());
  const auto args = field<nlohmann::json>(event, "args", golden_.label());
  const auto id = args.at(0).get<std::string>();
  const auto given = event.value("kwargs", nlohmann::json::object());
  if (call == "disable_lora" || call == "remove_lora") {
    stack_.disable(id);
  } else {
    double& strength = strengths_[id];
    if (given.contains("strength") && given["strength"].is_number())
      strength = given["strength"].get<double>();
    if (args.size() > 1) strength = args[1].get<double>();
    if (call == "enable_lora") {
      auto lora = read_lora(tensors_below(golden_, "in.lora." + id + "."), stack_.shapes(),
                            {.scale_by_alpha = false});
      if (!lora) throw Error(ErrorKind::input, golden_.label() + ": " + lora.error().reason);
      // Ids of the files are single words, so their alphabet is a number.
      std::size_t order = 0;
      for (const char letter : id) order = order * 256 + static_cast<unsigned char>(letter);
      (void)stack_.enable(id, order, std::move(lora).value(), strength);
    } else {
      (void)stack_.set_strength(id, strength);
    }
  }
  stack_.merge_all();
}

}  // namespace headroom::verify
