#include <ATen/ATen.h>

#include "attnviz/aggregate.h"

namespace attnviz::aggregate {

ConsumerGroup::ConsumerGroup(std::vector<AttentionConsumer*> consumers, const Listener& listener)
    : consumers_(std::move(consumers)), listener_(listener) {}

Needs ConsumerGroup::needs() const {
  Needs needs = consumers_.front()->needs();
  for (const AttentionConsumer* consumer : consumers_) needs = needs | consumer->needs();
  return needs;
}

void ConsumerGroup::on_block(const AttentionBlock& block) {
  stop_if_cancelled(listener_);
  const std::int64_t end = block.first_query + block.weights.size(1);
  for (AttentionConsumer* consumer : consumers_) {
    const Needs needs = consumer->needs();
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
