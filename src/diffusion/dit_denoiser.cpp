#include "diffusion/dit_denoiser.h"

#include <algorithm>
#include <map>

namespace headroom::diffusion {
namespace {

at::Tensor one_time(double t, const at::Tensor& like) {
  return at::full({1}, t, at::TensorOptions(at::kFloat).device(like.device()));
}

models::DitCondition stacked(const std::vector<const models::DitCondition*>& rows) {
  models::DitCondition all;
  for (size_t layer = 0; layer < rows.front()->layers.size(); ++layer) {
    std::vector<at::Tensor> k;
    std::vector<at::Tensor> v;
    for (const auto* row : rows) {
      k.push_back(row->layers[layer].k);
      v.push_back(row->layers[layer].v);
    }
    all.layers.push_back({at::cat(k), at::cat(v)});
  }
  return all;
}

}  // namespace

const models::DitCondition& DitDenoiser::prepared(const at::Tensor& states) {
  for (const auto& one : prepared_) {
    if (one.states.is_same(states)) return one.condition;
  }
  if (plan_.most_prepared > 0 && prepared_.size() >= plan_.most_prepared && !plan_.batched)
    prepared_.erase(prepared_.begin());
  prepared_.push_back({states, models::prepare_condition(*dit_, states)});
  return prepared_.back().condition;
}

void DitDenoiser::forget_unused() {
  std::erase_if(prepared_, [](const Prepared& one) { return one.states.use_count() == 1; });
}

at::Tensor DitDenoiser::alone(const Row& row) {
  return models::velocity(*dit_, row.x, row.context, one_time(row.t, row.x),
                          prepared(row.condition->states));
}

void DitDenoiser::together(std::span<const Row> rows, const std::vector<std::size_t>& chosen,
                           std::vector<at::Tensor>& velocities) {
  std::vector<at::Tensor> x;
  std::vector<at::Tensor> context;
  std::vector<at::Tensor> t;
  for (const auto i : chosen) {
    x.push_back(rows[i].x);
    context.push_back(rows[i].context);
    t.push_back(one_time(rows[i].t, rows[i].x));
    (void)prepared(rows[i].condition->states);
  }
  std::vector<const models::DitCondition*> conditions;
  conditions.reserve(chosen.size());
  for (const auto i : chosen) conditions.push_back(&prepared(rows[i].condition->states));
  const auto all =
      models::velocity(*dit_, at::cat(x), at::cat(context), at::cat(t), stacked(conditions));
  for (size_t k = 0; k < chosen.size(); ++k)
    velocities[chosen[k]] = all.narrow(0, static_cast<std::int64_t>(k), 1);
}

void DitDenoiser::velocities(std::span<const Row> rows, std::vector<at::Tensor>& velocities) {
  forget_unused();
  velocities.assign(rows.size(), at::Tensor());
  if (!plan_.batched) {
    for (size_t i = 0; i < rows.size(); ++i) velocities[i] = alone(rows[i]);
    return;
  }
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<std::size_t>> buckets;
  for (size_t i = 0; i < rows.size(); ++i)
    buckets[{rows[i].x.size(1), rows[i].condition->states.size(1)}].push_back(i);
  const auto most = static_cast<size_t>(std::max<std::int64_t>(1, plan_.most_rows));
  for (const auto& [shape, bucket] : buckets) {
    for (size_t at = 0; at < bucket.size(); at += most) {
      const auto begin = bucket.begin() + static_cast<std::ptrdiff_t>(at);
      const auto count = static_cast<std::ptrdiff_t>(std::min(most, bucket.size() - at));
      together(rows, {begin, begin + count}, velocities);
    }
  }
}

}  // namespace headroom::diffusion
