#include "foresee/encode/array_writer.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/text/json_text.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

std::string padded(std::string header, size_t before, size_t multiple, const std::string& end) {
  while ((before + header.size() + end.size()) % multiple != 0) header += ' ';
  return header + end;
}

// https://github.com/huggingface/safetensors: header size (8 bytes), JSON, data from a multiple of 8.
std::string safetensors_header(const std::vector<int64_t>& shape, const std::string& name,
                               const std::map<std::string, std::string>& metadata) {
  uint64_t bytes = sizeof(float);
  for (const int64_t size : shape) bytes *= static_cast<uint64_t>(size);
  nlohmann::ordered_json header;
  if (!metadata.empty()) header["__metadata__"] = metadata;
  header[name] = {{"dtype", "F32"}, {"shape", shape}, {"data_offsets", {0, bytes}}};
  const std::string text = padded(json_text(header), 8, 8, "");
  const uint64_t size = text.size();
  return std::string(reinterpret_cast<const char*>(&size), sizeof size) + text;
}

// numpy.lib.format, version 1.0: data from a multiple of 64.
std::string npy_header(const std::vector<int64_t>& shape) {
  const std::string text = padded(fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}{}), }}",
                                              fmt::join(shape, ", "), shape.size() == 1 ? "," : ""),
                                  10, 64, "\n");
  const auto size = static_cast<uint16_t>(text.size());
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(size & 0xff);
  header += static_cast<char>(size >> 8);
  return header + text;
}

}  // namespace

fs::path array_path(fs::path path) {
  const std::string extension = path.extension().string();
  if (extension != ".safetensors" && extension != ".npy")
    fail("{}: expected a name that ends in .safetensors or .npy", path.string());
  return path;
}

ArrayWriter::ArrayWriter(fs::path path, std::vector<int64_t> shape, const std::string& name,
                         const std::map<std::string, std::string>& metadata)
    : path_(array_path(std::move(path))), staged_(path_), shape_(std::move(shape)) {
  const std::string extension = path_.extension().string();
  file_.open(staged_.path(), std::ios::binary | std::ios::trunc);
  const std::string header = extension == ".npy" ? npy_header(shape_) : safetensors_header(shape_, name, metadata);
  if (!file_ || !file_.write(header.data(), static_cast<std::streamsize>(header.size()))) fail_errno(path_, "write");
}

void ArrayWriter::append(const Tensor& rows) {
  const Tensor values = rows.cpu().to(at::kFloat).contiguous();
  FORESEE_CHECK(values.dim() == static_cast<int64_t>(shape_.size()) &&
                    std::equal(shape_.begin() + 1, shape_.end(), values.sizes().begin() + 1) &&
                    rows_ + values.size(0) <= shape_.front(),
                "expected at most {} rows of [{}], got {}", shape_.front() - rows_,
                fmt::join(shape_.begin() + 1, shape_.end(), ", "), describe(values));
  rows_ += values.size(0);
  if (!file_.write(reinterpret_cast<const char*>(values.const_data_ptr<float>()),
                   static_cast<std::streamsize>(values.nbytes())))
    fail_errno(path_, "write");
}

void ArrayWriter::finish() {
  FORESEE_CHECK(rows_ == shape_.front(), "expected {} rows, got {}", shape_.front(), rows_);
  file_.close();
  if (!file_) fail_errno(path_, "write");
  staged_.commit();
}

}  // namespace foresee
