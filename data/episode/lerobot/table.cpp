#include "data/episode/lerobot/table.h"

#include <ATen/ATen.h>
#include <arrow/api.h>
#include <arrow/io/file.h>
#include <arrow/util/decimal.h>
#include <fmt/ranges.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <numeric>
#include <optional>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/memory.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

template <class T>
T value_or_fail(arrow::Result<T> result, const fs::path& path) {
  if (!result.ok()) fail<DataError>("{}: {}", path.string(), result.status().message());
  return std::move(result).ValueUnsafe();
}

void check(const arrow::Status& status, const fs::path& path) {
  if (!status.ok()) fail("{}: cannot be written: {}", path.string(), status.message());
}

struct NumberType {
  arrow::Type::type id;
  at::ScalarType dtype, stored;
};
constexpr NumberType kNumbers[] = {
    {arrow::Type::UINT8, at::kByte, at::kByte},      {arrow::Type::INT8, at::kChar, at::kChar},
    {arrow::Type::INT16, at::kShort, at::kShort},    {arrow::Type::INT32, at::kInt, at::kInt},
    {arrow::Type::INT64, at::kLong, at::kLong},      {arrow::Type::FLOAT, at::kFloat, at::kFloat},
    {arrow::Type::DOUBLE, at::kDouble, at::kDouble}, {arrow::Type::HALF_FLOAT, at::kFloat, at::kHalf},
    {arrow::Type::UINT16, at::kInt, at::kUInt16},    {arrow::Type::UINT32, at::kLong, at::kUInt32},
    {arrow::Type::UINT64, at::kLong, at::kUInt64},   {arrow::Type::TIMESTAMP, at::kLong, at::kLong},
    {arrow::Type::DURATION, at::kLong, at::kLong},   {arrow::Type::DATE32, at::kInt, at::kInt},
    {arrow::Type::DATE64, at::kLong, at::kLong},     {arrow::Type::TIME32, at::kInt, at::kInt},
    {arrow::Type::TIME64, at::kLong, at::kLong},
};

/// What became of a column.
struct Reading {
  std::string reason;         // why it is not numbers
  std::vector<int64_t> gaps;  // rows that became NaN, at most kNamedGaps
  int64_t gap_count = 0;

  static constexpr size_t kNamedGaps = 5;
  void gap(int64_t row) {
    ++gap_count;
    if (gaps.size() < kNamedGaps) gaps.push_back(row);
  }
};

/// Numbers where some rows have none: floats with NaN there.
Tensor with_gaps(const Tensor& values, const arrow::Array& array, Reading* reading) {
  Tensor out = at::isFloatingType(values.scalar_type()) ? values : values.to(at::kDouble);
  for (int64_t i = 0; i < array.length(); ++i)
    if (array.IsNull(i)) {
      out[i].fill_(std::numeric_limits<double>::quiet_NaN());
      if (reading != nullptr) reading->gap(i);
    }
  return out;
}

template <class Decimals>
Tensor decimals(const arrow::Array& array) {
  const auto& values = static_cast<const Decimals&>(array);
  const int32_t scale = static_cast<const arrow::DecimalType&>(*array.type()).scale();
  Tensor out = at::zeros({array.length()}, at::kDouble);
  for (int64_t i = 0; i < array.length(); ++i) {
    if (array.IsNull(i)) continue;
    if constexpr (std::is_same_v<Decimals, arrow::Decimal128Array>)
      out.data_ptr<double>()[i] = arrow::Decimal128(values.GetValue(i)).ToDouble(scale);
    else
      out.data_ptr<double>()[i] = arrow::Decimal256(values.GetValue(i)).ToDouble(scale);
  }
  return out;
}

/// How long most of a column's lists are.
template <class List>
int64_t usual_length(const List& list) {
  std::map<int64_t, int64_t> counts;
  for (int64_t i = 0; i < list.length(); ++i)
    if (!list.IsNull(i)) ++counts[list.value_length(i)];
  const auto most =
      std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? 0 : most->first;
}

std::optional<Tensor> as_numbers(const arrow::Array& array, Reading& reading, bool of_rows);

/// Lists [rows, each, ...]; a list that is missing, or of another length than most, becomes NaN.
template <class List>
std::optional<Tensor> as_lists(const List& list, Reading& reading, bool of_rows) {
  const int64_t rows = list.length(), each = usual_length(list);
  std::vector<int64_t> whole;  // rows as they should be
  for (int64_t i = 0; i < rows; ++i) {
    if (!list.IsNull(i) && list.value_length(i) == each)
      whole.push_back(i);
    else if (of_rows)
      reading.gap(i);
  }
  const auto count = static_cast<int64_t>(whole.size());
  if (rows > 0 && 2 * count < rows) {
    reading.reason = "lists of many lengths";
    return {};
  }
  const int64_t begin = rows > 0 ? list.value_offset(0) : 0;
  const auto stored = list.values()->Slice(begin, rows > 0 ? list.value_offset(rows) - begin : 0);
  const auto inner = as_numbers(*stored, reading, /*of_rows=*/false);
  if (!inner) return {};
  auto shape = inner->sizes().vec();
  shape[0] = each;
  shape.insert(shape.begin(), count);
  if (count == rows && inner->size(0) == rows * each) return inner->reshape(shape);
  Tensor index = at::empty({count * each}, at::kLong);
  for (int64_t k = 0; k < count; ++k)
    for (int64_t j = 0; j < each; ++j)
      index.data_ptr<int64_t>()[k * each + j] = list.value_offset(whole[static_cast<size_t>(k)]) - begin + j;
  const Tensor present = inner->index_select(0, index).reshape(shape);
  if (count == rows) return present;
  shape[0] = rows;
  const auto dtype = at::isFloatingType(present.scalar_type()) ? present.scalar_type() : at::kDouble;
  Tensor out = at::full(shape, std::numeric_limits<double>::quiet_NaN(), dtype);
  out.index_copy_(0, at::tensor(whole, at::kLong), present.to(dtype));
  return out;
}

/// A column of one piece as numbers [rows, ...]; nothing, with the reason, where it holds something else.
/// @param of_rows  whether the array's entries are the table's rows: their gaps are named.
std::optional<Tensor> as_numbers(const arrow::Array& array, Reading& reading, bool of_rows) {
  const int64_t rows = array.length();
  const auto filled = [&](Tensor values) {
    return array.null_count() > 0 ? with_gaps(values, array, of_rows ? &reading : nullptr) : values;
  };
  switch (array.type_id()) {
    case arrow::Type::EXTENSION:
      return as_numbers(*static_cast<const arrow::ExtensionArray&>(array).storage(), reading, of_rows);
    case arrow::Type::FIXED_SIZE_LIST: {
      const auto& list = static_cast<const arrow::FixedSizeListArray&>(array);
      const int64_t each = list.list_type()->list_size();
      auto inner = as_numbers(*list.values()->Slice(rows > 0 ? list.value_offset(0) : 0, rows * each), reading, false);
      if (!inner) return {};
      auto shape = inner->sizes().vec();
      shape[0] = each;
      shape.insert(shape.begin(), rows);
      return filled(inner->reshape(shape));
    }
    case arrow::Type::LIST:
      return as_lists(static_cast<const arrow::ListArray&>(array), reading, of_rows);
    case arrow::Type::LARGE_LIST:
      return as_lists(static_cast<const arrow::LargeListArray&>(array), reading, of_rows);
    case arrow::Type::BOOL: {
      const auto& values = static_cast<const arrow::BooleanArray&>(array);
      Tensor out = at::empty({rows}, at::kBool);
      for (int64_t i = 0; i < rows; ++i) out.data_ptr<bool>()[i] = values.Value(i);
      return filled(out);
    }
    case arrow::Type::DECIMAL128:
      return filled(decimals<arrow::Decimal128Array>(array));
    case arrow::Type::DECIMAL256:
      return filled(decimals<arrow::Decimal256Array>(array));
    case arrow::Type::NA:
      reading.reason = "holds no value at all";
      return {};
    default:
      break;
  }
  for (const auto& type : kNumbers) {
    if (type.id != array.type_id()) continue;
    Tensor out = at::empty({rows}, type.stored);
    const auto size = static_cast<int64_t>(at::elementSize(type.stored));
    if (rows > 0)
      std::memcpy(out.data_ptr(), array.data()->buffers[1]->data() + array.offset() * size,
                  static_cast<size_t>(rows * size));
    return filled(type.stored == type.dtype ? out : out.to(type.dtype));
  }
  reading.reason = array.type()->ToString();
  return {};
}

std::optional<std::vector<std::string>> as_texts(const arrow::Array& array) {
  std::vector<std::string> out;
  const auto take = [&](const auto& values) {
    for (int64_t i = 0; i < values.length(); ++i) out.emplace_back(values.IsNull(i) ? "" : values.GetView(i));
    return std::optional(std::move(out));
  };
  switch (array.type_id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return take(static_cast<const arrow::BinaryArray&>(array));
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      return take(static_cast<const arrow::LargeBinaryArray&>(array));
    case arrow::Type::STRUCT: {
      const auto bytes = static_cast<const arrow::StructArray&>(array).GetFieldByName("bytes");
      return bytes ? as_texts(*bytes) : std::nullopt;
    }
    default:
      return {};
  }
}

template <class List>
std::optional<std::vector<std::vector<std::string>>> text_lists_of(const List& list) {
  const auto inner = as_texts(*list.values());
  if (!inner) return {};
  std::vector<std::vector<std::string>> out;
  for (int64_t i = 0; i < list.length(); ++i)
    out.emplace_back(inner->begin() + list.value_offset(i),
                     inner->begin() + list.value_offset(i) + list.value_length(i));
  return out;
}

std::optional<std::vector<std::vector<std::string>>> as_text_lists(const arrow::Array& array) {
  if (array.type_id() == arrow::Type::LIST) return text_lists_of(static_cast<const arrow::ListArray&>(array));
  if (array.type_id() == arrow::Type::LARGE_LIST)
    return text_lists_of(static_cast<const arrow::LargeListArray&>(array));
  return {};
}

/// One row after the other, as nested Arrow lists: rank 1 of fixed length, as LeRobot writes vectors.
std::shared_ptr<arrow::Array> to_arrow(const Tensor& values, const fs::path& path) {
  const Tensor flat = values.cpu().contiguous().flatten();
  std::shared_ptr<arrow::Array> array;
  const auto finish = [&](auto& builder, const auto* data) {
    check(builder.AppendValues(data, flat.numel()), path);
    check(builder.Finish(&array), path);
  };
  switch (flat.scalar_type()) {
    case at::kBool: {
      arrow::BooleanBuilder builder;
      finish(builder, reinterpret_cast<const uint8_t*>(flat.const_data_ptr<bool>()));
      break;
    }
    case at::kByte: {
      arrow::UInt8Builder builder;
      finish(builder, flat.const_data_ptr<uint8_t>());
      break;
    }
    case at::kInt: {
      arrow::Int32Builder builder;
      finish(builder, flat.const_data_ptr<int32_t>());
      break;
    }
    case at::kLong: {
      arrow::Int64Builder builder;
      finish(builder, flat.const_data_ptr<int64_t>());
      break;
    }
    case at::kFloat: {
      arrow::FloatBuilder builder;
      finish(builder, flat.const_data_ptr<float>());
      break;
    }
    case at::kDouble: {
      arrow::DoubleBuilder builder;
      finish(builder, flat.const_data_ptr<double>());
      break;
    }
    default:
      fail("{}: Parquet files are written without {}", path.string(), at::toString(flat.scalar_type()));
  }
  for (int64_t axis = values.dim() - 1; axis >= 1; --axis) {
    const auto each = static_cast<int32_t>(values.size(axis));
    if (values.dim() == 2) {
      array = value_or_fail(arrow::FixedSizeListArray::FromArrays(array, each), path);
      continue;
    }
    const int64_t lists = each == 0 ? 0 : array->length() / each;
    const Tensor offsets = at::arange(lists + 1, at::kInt) * each;
    arrow::Int32Builder builder;
    std::shared_ptr<arrow::Array> starts;
    check(builder.AppendValues(offsets.const_data_ptr<int32_t>(), offsets.numel()), path);
    check(builder.Finish(&starts), path);
    array = value_or_fail(arrow::ListArray::FromArrays(*starts, *array), path);
  }
  return array;
}

std::shared_ptr<arrow::Array> to_arrow(const std::vector<std::string>& values, const fs::path& path) {
  arrow::StringBuilder builder;
  std::shared_ptr<arrow::Array> array;
  check(builder.AppendValues(values), path);
  check(builder.Finish(&array), path);
  return array;
}

std::shared_ptr<arrow::Array> to_arrow(const std::vector<std::vector<std::string>>& rows, const fs::path& path) {
  auto texts = std::make_shared<arrow::StringBuilder>();
  arrow::ListBuilder builder(arrow::default_memory_pool(), texts);
  std::shared_ptr<arrow::Array> array;
  for (const auto& row : rows) {
    check(builder.Append(), path);
    check(texts->AppendValues(row), path);
  }
  check(builder.Finish(&array), path);
  return array;
}

}  // namespace

std::vector<int64_t> Table::integers(const std::string& name, const fs::path& path) const {
  const auto found = numbers.find(name);
  if (found == numbers.end() || found->second.dim() != 1 || at::isFloatingType(found->second.scalar_type()))
    fail<DataError>("{}: expected a column '{}' of whole numbers", path.string(), name);
  const Tensor values = found->second.to(at::kLong);
  return {values.const_data_ptr<int64_t>(), values.const_data_ptr<int64_t>() + values.numel()};
}

std::vector<double> Table::reals(const std::string& name, const fs::path& path) const {
  const auto found = numbers.find(name);
  if (found == numbers.end() || found->second.numel() != rows)
    fail<DataError>("{}: expected a column '{}' of numbers", path.string(), name);
  const Tensor values = found->second.to(at::kDouble).contiguous();
  return {values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel()};
}

Table read_parquet(const fs::path& path) {
  if (const auto reason = why_not_a_file(path)) fail<DataError>("{}: {}", path.string(), *reason);
  const auto input = value_or_fail(arrow::io::ReadableFile::Open(path.string()), path);
  constexpr uint64_t kBytesPerByte = 64;
  const ReadBudget budget(path.string(), fs::file_size(path), kBytesPerByte);
  arrow::CappedMemoryPool pool(arrow::default_memory_pool(), static_cast<int64_t>(budget.limit()));
  std::unique_ptr<parquet::arrow::FileReader> reader;
  std::shared_ptr<arrow::Table> stored;
  try {
    reader = value_or_fail(parquet::arrow::OpenFile(input, &pool), path);
    stored = value_or_fail(reader->ReadTable(), path);
    // Lengths, offsets and lists that do not fit together would be read beyond their ends.
    if (const arrow::Status status = stored->ValidateFull(); !status.ok())
      fail<DataError>("{}: is damaged: {}", path.string(), status.message());
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {  // Parquet's own, Thrift's, and those of the standard library
    fail<DataError>("{}: {}", path.string(), error.what());
  }
  Table table;
  table.rows = stored->num_rows();
  for (int c = 0; c < stored->num_columns(); ++c) {
    const std::string name = stored->field(c)->name();
    std::shared_ptr<arrow::Array> array;
    if (stored->column(c)->num_chunks() == 1) {
      array = stored->column(c)->chunk(0);
    } else if (stored->column(c)->num_chunks() > 1) {
      array = value_or_fail(arrow::Concatenate(stored->column(c)->chunks(), &pool), path);
    } else {
      continue;
    }
    Reading reading;
    if (auto numbers = as_numbers(*array, reading, /*of_rows=*/true)) {
      table.numbers[name] = std::move(*numbers);
      if (reading.gap_count > 0)
        table.notes[name] = fmt::format("{} of {} rows have no whole value and become NaN (rows {}{})",
                                        reading.gap_count, table.rows, fmt::join(reading.gaps, ", "),
                                        reading.gap_count > static_cast<int64_t>(reading.gaps.size()) ? ", ..." : "");
    } else if (auto texts = as_texts(*array)) {
      table.texts[name] = std::move(*texts);
    } else if (auto lists = as_text_lists(*array)) {
      table.text_lists[name] = std::move(*lists);
    } else {
      table.unread[name] = reading.reason;
    }
  }
  return table;
}

void write_parquet(const fs::path& path, const Table& table, const std::map<std::string, std::string>& metadata) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  const auto add = [&](const std::string& name, const auto& values) {
    arrays.push_back(to_arrow(values, path));
    fields.push_back(arrow::field(name, arrays.back()->type()));
    FORESEE_CHECK(arrays.back()->length() == table.rows, "expected {} rows of '{}', got {}", table.rows, name,
                  arrays.back()->length());
  };
  for (const auto& [name, values] : table.numbers) add(name, values);
  for (const auto& [name, values] : table.texts) add(name, values);
  for (const auto& [name, values] : table.text_lists) add(name, values);
  std::unordered_map<std::string, std::string> pairs(metadata.begin(), metadata.end());
  const auto schema = arrow::schema(fields, pairs.empty() ? nullptr : arrow::key_value_metadata(pairs));
  const auto output = value_or_fail(arrow::io::FileOutputStream::Open(path.string()), path);
  const auto properties = parquet::WriterProperties::Builder().compression(parquet::Compression::SNAPPY)->build();
  const auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  check(parquet::arrow::WriteTable(*arrow::Table::Make(schema, arrays), arrow::default_memory_pool(), output,
                                   /*chunk_size=*/1 << 20, properties, arrow_properties),
        path);
  check(output->Close(), path);
}

bool parquet_available() { return true; }

}  // namespace foresee::data
