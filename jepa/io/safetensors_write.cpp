#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "jepa/core/files/descriptor.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/json.h"
#include "jepa/core/files/system_reason.h"
#include "jepa/core/text/json_text.h"
#include "jepa/core/text/printable.h"
#include "jepa/io/safetensors.h"
#include "jepa/io/safetensors_format.h"

namespace foresee {
namespace fs = std::filesystem;
namespace {

void write_all(int descriptor, std::string_view bytes, const fs::path& path) {
  constexpr size_t kChunk = size_t{1} << 30;  // Linux writes at most 2 GiB at once
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), std::min(bytes.size(), kChunk));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail<CheckpointError>("{}: cannot write: {}", path.string(), system_reason(errno));
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

/// The tensors in file order. Wide types first, so that every tensor is aligned for its type.
std::vector<std::pair<std::string_view, const Tensor*>> file_order(const TensorMap& tensors) {
  std::vector<std::pair<std::string_view, const Tensor*>> order;
  for (const auto& [name, tensor] : tensors) {
    FORESEE_CHECK(tensor.defined(), "expected a tensor, '{}' is undefined", name);
    FORESEE_CHECK(safetensors::dtype_name(tensor.scalar_type()), "safetensors has no dtype for '{}' {}", name,
                  describe(tensor));
    FORESEE_CHECK(is_utf8(name), "'{}' is not a name for a tensor: it is not UTF-8", printable(name));
    FORESEE_CHECK(name != "__metadata__", "'{}' is not a name for a tensor: the format uses it", name);
    order.emplace_back(name, &tensor);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.second->element_size() > b.second->element_size(); });
  return order;
}

std::string header_text(const std::vector<std::pair<std::string_view, const Tensor*>>& order,
                        const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  size_t offset = 0;
  for (const auto& [name, tensor] : order) {
    const size_t end = offset + tensor->nbytes();
    header[std::string(name)] = {{"dtype", *safetensors::dtype_name(tensor->scalar_type())},
                                 {"shape", tensor->sizes().vec()},
                                 {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = json_text(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

}  // namespace

void save_safetensors(const fs::path& path, const TensorMap& tensors,
                      const std::map<std::string, std::string>& metadata) {
  const auto order = file_order(tensors);
  std::string header;
  try {
    header = header_text(order, metadata);
  } catch (const nlohmann::json::exception&) {
    fail<CheckpointError>("{}: a tensor's name or a metadata text is not UTF-8", path.string());
  }
  FORESEE_CHECK(header.size() <= safetensors::kMaxHeaderBytes,
                "expected a header of at most {} bytes, got {} for {} tensors", safetensors::kMaxHeaderBytes,
                header.size(), tensors.size());
  write_file_with(path, [&](const fs::path& temporary) {
    Descriptor file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
    if (file.number() < 0) fail<CheckpointError>("{}: cannot create: {}", path.string(), system_reason(errno));
    const uint64_t header_bytes = header.size();
    write_all(file.number(), {reinterpret_cast<const char*>(&header_bytes), safetensors::kPrefixBytes}, path);
    write_all(file.number(), header, path);
    for (const auto& [name, tensor] : order) {
      // One tensor at a time: a copy only of what is on another device or not contiguous.
      const Tensor plain = tensor->detach().to(at::kCPU).contiguous();
      write_all(file.number(), {static_cast<const char*>(plain.const_data_ptr()), plain.nbytes()}, path);
    }
    if (!file.close()) fail<CheckpointError>("{}: cannot write: {}", path.string(), system_reason(errno));
  });
}

}  // namespace foresee
