#include "jepa/io/pt_write.h"

#include <ATen/ATen.h>
#include <caffe2/serialize/inline_container.h>

#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/system_reason.h"

namespace foresee {
namespace fs = std::filesystem;
namespace {

const char* storage_class(at::ScalarType dtype) {
  switch (dtype) {
    case at::kFloat:
      return "FloatStorage";
    case at::kDouble:
      return "DoubleStorage";
    case at::kHalf:
      return "HalfStorage";
    case at::kBFloat16:
      return "BFloat16Storage";
    case at::kLong:
      return "LongStorage";
    case at::kInt:
      return "IntStorage";
    case at::kShort:
      return "ShortStorage";
    case at::kChar:
      return "CharStorage";
    case at::kByte:
      return "ByteStorage";
    case at::kBool:
      return "BoolStorage";
    default:
      fail<CheckpointError>("torch.save has no storage class for {}", c10::toString(dtype));
  }
}

/// Writes a pickle of protocol 2, without memo. Tensors become references to storages that are written afterwards.
class Pickler {
 public:
  Pickler() { text_ = "\x80\x02"; }

  void dict(const std::vector<std::pair<std::string, PtItem>>& items) {
    text_ += "}(";
    for (const auto& [key, item] : items) {
      string(key);
      std::visit([&](const auto& value) { this->item(value); }, item);
    }
    text_ += "u";
  }
  void item(const TensorMap& tensors) {
    global("collections", "OrderedDict");
    text_ += ")R(";
    for (const auto& [name, tensor] : tensors) {
      string(name);
      this->tensor(tensor);
    }
    text_ += "u";
  }
  void item(const std::vector<TensorMap>& list) {
    text_ += "](";
    for (const TensorMap& tensors : list) item(tensors);
    text_ += "e";
  }
  void item(int64_t value) {
    if (value >= INT32_MIN && value <= INT32_MAX) {
      text_ += 'J';
      number(static_cast<int32_t>(value));
    } else {
      text_ += "\x8a\x08";
      number(value);
    }
  }
  void item(double value) {
    text_ += 'G';
    number(__builtin_bswap64(std::bit_cast<uint64_t>(value)));
  }
  std::string finish() { return text_ + "."; }

  /// By number; each is contiguous and on the CPU.
  const std::vector<Tensor>& storages() const { return storages_; }

 private:
  template <class T>
  void number(T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    text_.append(bytes, sizeof(T));
  }
  void string(const std::string& value) {
    text_ += 'X';
    number(static_cast<uint32_t>(value.size()));
    text_ += value;
  }
  void global(const char* module, const char* name) { text_ += std::string("c") + module + "\n" + name + "\n"; }
  void numbers(at::IntArrayRef values) {
    text_ += '(';
    for (const int64_t value : values) item(value);
    text_ += 't';
  }
  /// _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks)
  void tensor(const Tensor& given) {
    const Tensor plain = given.detach().to(at::kCPU).contiguous();
    const auto place = std::pair(plain.const_data_ptr(), plain.nbytes());
    const auto [found, is_new] = numbers_.emplace(place, storages_.size());
    const bool shared = !is_new && plain.nbytes() > 0;
    if (!shared) {
      found->second = storages_.size();
      storages_.push_back(plain);
    }
    global("torch._utils", "_rebuild_tensor_v2");
    text_ += "((";
    string("storage");
    global("torch", storage_class(plain.scalar_type()));
    string(std::to_string(found->second));
    string("cpu");
    item(plain.numel());
    text_ += "tQ";
    item(int64_t{0});
    numbers(plain.sizes());
    numbers(plain.strides());
    text_ += "\x89";
    global("collections", "OrderedDict");
    text_ += ")RtR";
  }

  std::string text_;
  std::vector<Tensor> storages_;
  std::map<std::pair<const void*, size_t>, size_t> numbers_;
};

void write_archive(const fs::path& path, Pickler& pickler) {
  write_file_with(path, [&](const fs::path& temporary) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(temporary.c_str(), "wb"), &std::fclose);
    if (!file) fail<CheckpointError>("{}: cannot create: {}", path.string(), system_reason(errno));
    bool sound = true;
    int reason = 0;
    const auto write = [&](const void* data, size_t size) {
      if (sound && std::fwrite(data, 1, size, file.get()) != size) {
        sound = false;
        reason = errno;
      }
      return size;  // the writer must not throw out of its destructor: a failure is reported below
    };
    {
      caffe2::serialize::PyTorchStreamWriter archive(write);
      const std::string pickle = pickler.finish();
      archive.writeRecord("data.pkl", pickle.data(), pickle.size());
      archive.writeRecord("byteorder", "little", 6);
      for (size_t i = 0; i < pickler.storages().size() && sound; ++i) {
        const Tensor& storage = pickler.storages()[i];
        archive.writeRecord("data/" + std::to_string(i), storage.const_data_ptr(), storage.nbytes());
      }
      archive.writeEndOfFile();
    }
    if (!sound || std::fflush(file.get()) != 0)
      fail<CheckpointError>("{}: cannot write: {}", path.string(), system_reason(reason ? reason : errno));
  });
}

}  // namespace

void save_pt(const fs::path& path, const std::vector<std::pair<std::string, PtItem>>& items) {
  Pickler pickler;
  pickler.dict(items);
  write_archive(path, pickler);
}

void save_pt(const fs::path& path, const TensorMap& state_dict) {
  Pickler pickler;
  pickler.item(state_dict);
  write_archive(path, pickler);
}

}  // namespace foresee
