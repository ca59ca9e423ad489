#include "jepa/loss/straightening.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {

Tensor straightening_loss(const Tensor& embeddings) {
  FORESEE_CHECK(embeddings.dim() == 3 && embeddings.size(1) >= 3, "expected embeddings [B, T >= 3, D], got {}",
                describe(embeddings));
  const Tensor velocity = embeddings.slice(1, 1) - embeddings.slice(1, 0, -1);  // [B, T - 1, D]
  const Tensor cosine = at::cosine_similarity(velocity.slice(1, 0, -1), velocity.slice(1, 1), /*dim=*/-1, /*eps=*/1e-6);
  return 1 - cosine.mean();
}

}  // namespace foresee
