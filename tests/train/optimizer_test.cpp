#include "train/learn/optimizer.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "diffusion/noise.h"
#include "train/learn/muon.h"

namespace headroom::train {
namespace {

// Singular values from 0.03 to 1 in a rotated [rows, columns].
at::Tensor uneven(std::int64_t rows, std::int64_t columns) {
  const auto [u, values, v] =
      at::linalg_svd(diffusion::NoiseGenerator(7).normal({rows, columns}), false);
  return at::matmul(u * at::logspace(-1.5, 0.0, values.size(0)), v);
}

class Muon : public testing::TestWithParam<std::pair<std::int64_t, std::int64_t>> {};

TEST_P(Muon, BringsSingularValuesNearOneAndKeepsDirections) {
  const auto [rows, columns] = GetParam();
  const auto x = uneven(rows, columns);
  const auto [u, values, v] = at::linalg_svd(x, false);
  // In the directions of x: a diagonal and nothing beside it.
  const auto inside = at::matmul(at::matmul(u.t(), orthogonalized(x)), v.t());
  EXPECT_GT(inside.diagonal().min().item<double>(), 0.6) << inside.diagonal();
  EXPECT_LT(inside.diagonal().max().item<double>(), 1.25) << inside.diagonal();
  const bool rounded = std::min(rows, columns) >= 128;  // products of bf16
  EXPECT_LT((inside - inside.diagonal().diag()).abs().max().item<double>(), rounded ? 0.05 : 1e-3);
}

INSTANTIATE_TEST_SUITE_P(Shapes, Muon,
                         testing::Values(std::pair(8, 8), std::pair(6, 40), std::pair(40, 6),
                                         std::pair(130, 200)));

TEST(Muon, LeavesZerosAlone) {
  EXPECT_TRUE(at::equal(orthogonalized(at::zeros({3, 5})), at::zeros({3, 5})));
}

// Of every kind one: a matrix, a convolution, a vector, scales of a convolution's rows, and a table
// of which an example uses one row.
Parameters of_all_kinds() {
  const Shapes shapes{{"conv", {8, 4, 3}},
                      {"matrix", {8, 16}},
                      {"scale", {8, 1, 1}},
                      {"table", {8, 16}},
                      {"vector", {8}}};
  return Parameters(
      shapes, [](const std::string&, at::IntArrayRef shape) { return at::ones(shape); },
      [](const std::string&) { return false; });
}

std::map<std::string, at::Tensor> change_of_one_step(double rate) {
  auto parameters = of_all_kinds();
  Optimizer optimizer(parameters, {.decay = 0.0, .tables = {"table"}});
  diffusion::NoiseGenerator noise(3);
  at::Tensor sum = at::zeros({});
  for (const auto& [name, tensor] : parameters.all()) {
    auto push = noise.normal(tensor.sizes());
    if (name == "table") push.narrow(0, 1, 7).zero_();
    sum = sum + (tensor * push).sum();
  }
  sum.backward();
  optimizer.step(rate);
  std::map<std::string, at::Tensor> change;
  for (const auto& [name, tensor] : parameters.all()) change[name] = tensor.detach() - 1.0;
  return change;
}

TEST(Optimizer, AStepIsAsLargeAsTheRateAsksFor) {
  const double rate = 0.01;
  for (const auto& [name, change] : change_of_one_step(rate)) {
    const double size = std::sqrt(change.square().mean().item<double>());
    const bool muons = name == "matrix";
    if (name == "table") {
      EXPECT_NEAR(change[0].abs().mean().item<double>(), rate, 0.01 * rate);
      EXPECT_EQ(change.narrow(0, 1, 7).abs().max().item<double>(), 0.0) << "rows of other words";
    } else {
      EXPECT_NEAR(size, muons ? 0.2 * rate : rate, muons ? 0.05 * rate : 0.01 * rate) << name;
    }
  }
}

TEST(Optimizer, AResumedTrainingGoesOnAsIfNothingHadHappened) {
  const auto steps = [](Optimizer& optimizer, Parameters& parameters, int count) {
    for (int i = 0; i < count; ++i) {
      for (const auto& [name, tensor] : parameters.all())
        (tensor.square() * static_cast<double>(i + 1)).sum().backward();
      optimizer.step(0.01);
    }
  };
  auto whole = of_all_kinds();
  Optimizer undisturbed(whole, {.tables = {"table"}});
  steps(undisturbed, whole, 3);
  auto halved = of_all_kinds();
  Optimizer resumed(halved, {.tables = {"table"}});
  resumed.restore(undisturbed.state(), undisturbed.steps());
  steps(undisturbed, whole, 2);
  steps(resumed, halved, 2);
  for (const auto& [name, tensor] : whole.all())
    EXPECT_TRUE(at::equal(tensor, halved.all().at(name))) << name;
}

}  // namespace
}  // namespace headroom::train
