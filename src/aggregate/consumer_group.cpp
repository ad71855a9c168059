#include <ATen/ATen.h>

#include "attnviz/aggregate.h"

namespace attnviz::aggregate {

ConsumerGroup::ConsumerGroup(const std::vector<AttentionConsumer*>& consumers, const Listener& listener)
    : listener_(listener) {
  for (AttentionConsumer* consumer : consumers) members_.push_back({consumer, consumer->needs()});
}

Needs ConsumerGroup::needs() const {
  Needs needs = members_.front().needs;
  for (const Member& member : members_) needs = needs | member.needs;
  return needs;
}

void ConsumerGroup::on_block(const AttentionBlock& block) {
  stop_if_cancelled(listener_);
  const std::int64_t end = block.first_query + block.weights.size(1);
  for (const auto& [consumer, needs] : members_) {
    if (!needs.kind(block.kind) || !needs.layer(block.layer) || end <= needs.first_query) continue;
    if (block.first_query >= needs.first_query) {
      consumer->on_block(block);
      continue;
    }
    const at::Tensor rows =
        block.weights.narrow(1, needs.first_query - block.first_query, end - needs.first_query);
    consumer->on_block({block.layer, block.kind, needs.first_query, block.queries, rows, block.hidden_keys});
  }
}

}  // namespace attnviz::aggregate
