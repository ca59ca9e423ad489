#pragma once

#include <filesystem>
#include <string>

namespace foresee {

/// What a file is by its structure, whatever its name.
enum class FileFormat {
  kUnknown,
  kSafetensors,
  kTorch,   // torch.save: a zip archive
  kPickle,  // a bare pickle, as torch.save wrote before 1.6
  kNpz,     // a zip archive of .npy members
  kNpy,
  kHdf5,
  kHtml,
  kModelCard,  // Markdown that begins with the name of its library, as Hugging Face reads it
  kPng,
  kJpeg,
  kMp4,
  kMatroska,
  kAvi,
};

/// @returns kUnknown for what is none of them, cannot be opened or is no regular file.
FileFormat file_format(const std::filesystem::path& path);
/// "safetensors", "HDF5", ...
const char* format_name(FileFormat format);
/// What a file of this extension (any case) holds; kUnknown for others.
FileFormat format_of_extension(const std::filesystem::path& path);

}  // namespace foresee
