// Hostile and damaged safetensors files: each is refused with one line that says what is wrong.
#include <fcntl.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "expect_error.h"
#include "temp_folder.h"
#include "tensor/safetensors.h"

namespace headroom {
namespace {

std::string length_field(std::uint64_t length) {
  std::string field;
  for (int i = 0; i < 8; ++i) field += static_cast<char>(length >> (8 * i));
  return field;
}

std::string framed(const std::string& header, size_t data = 0) {
  return length_field(header.size()) + header + std::string(data, '\0');
}

// A file with the tensor "x" whose fields are `fields`.
std::string with_x(const std::string& fields, size_t data = 4) {
  return framed("{\"x\":{" + fields + "}}", data);
}

std::string repeated(const std::string& text, size_t count) {
  std::string all;
  for (size_t i = 0; i < count; ++i) all += text;
  return all;
}

struct Hostile {
  const char* label;
  std::string bytes;
  const char* says;
};

const std::string kF4 = R"("dtype":"F32","shape":[1],"data_offsets":[0,4])";

std::vector<Hostile> framing() {
  return {
      {"empty", "", "0 bytes are too few"},
      {"seven bytes", "\1\1\1\1\1\1\1", "7 bytes are too few"},
      {"zero header", length_field(0), "does not begin with '{'"},
      {"length only", length_field(2), "a header of 2 bytes, but the file has only 0"},
      {"header one too long", length_field(3) + "{}", "cut short, download it again"},
      {"largest length", length_field(~0ULL) + "{}", "18446744073709551615 bytes is more than"},
      {"length 2^63", length_field(1ULL << 63) + "{}", "not a safetensors file, or it is damaged"},
      {"over the limit", length_field(kLongestSafetensorsHeader + 1) + "{}", "is more than"},
      {"html instead", "<!DOCTYPE html><html>404</html>", "not a safetensors file"},
      {"leading space", framed(" {}"), "does not begin with '{'"},
      {"bytes without tensors", framed("{}", 1), "1 bytes after the last tensor"},
  };
}

std::vector<Hostile> json_text() {
  return {
      {"array", framed("[]"), "does not begin with '{'"},
      {"unfinished object", framed("{"), "not valid JSON"},
      {"two objects", framed("{}{}"), "not valid JSON"},
      {"NUL padding", framed(std::string("{}\0\0", 4)), "not valid JSON"},
      {"trailing comma", with_x(kF4 + ","), "not valid JSON"},
      {"comment", framed("{/**/}"), "not valid JSON"},
      {"single quotes", framed("{'x':1}"), "not valid JSON"},
      {"NaN", framed(R"({"x":NaN})"), "not valid JSON"},
      {"invalid UTF-8 name", framed("{\"\xff\":{" + kF4 + "}}", 4), "not valid JSON"},
      {"overlong UTF-8 name", framed("{\"\xC0\x80\":{" + kF4 + "}}", 4), "not valid JSON"},
      {"lone surrogate", framed(R"({"\ud800":{)" + kF4 + "}}", 4), "not valid JSON"},
      {"newline in a name", framed("{\"a\nb\":{" + kF4 + "}}", 4), "not valid JSON"},
      {"depth bomb of arrays", framed("{\"x\":" + repeated("[", 1'000'000)), "must be an object"},
      {"depth bomb of objects", framed(repeated("{\"x\":", 1'000'000)), "\"x\": has a field \"x\""},
      {"number too large", with_x(R"("dtype":"F32","shape":[1e999],"data_offsets":[0,4])"),
       "not valid JSON"},
  };
}

std::vector<Hostile> entries() {
  return {
      {"entry is null", framed(R"({"x":null})"), "tensor \"x\": must be an object, not null"},
      {"entry is an array", framed(R"({"x":[1]})"), "must be an object, not an array"},
      {"entry is a string", framed(R"({"x":"F32"})"), "not the string \"F32\""},
      {"entry is a number", framed(R"({"x":7})"), "must be an object, not 7"},
      {"duplicate tensor", framed("{\"x\":{" + kF4 + "},\"x\":{" + kF4 + "}}", 4),
       "is there twice"},
      {"duplicate by escape", framed("{\"x\":{" + kF4 + R"(},"\u0078":{)" + kF4 + "}}", 4),
       "is there twice"},
      {"duplicate dtype", with_x(R"("dtype":"F32",)" + kF4), "has dtype twice"},
      {"duplicate shape", with_x(R"("shape":[1],)" + kF4), "has shape twice"},
      {"duplicate offsets", with_x(R"("data_offsets":[0,4],)" + kF4), "has data_offsets twice"},
      {"unknown field", with_x(R"("stride":[1],)" + kF4), "a field \"stride\""},
      {"empty entry", with_x(""), "has no dtype"},
      {"no dtype", with_x(R"("shape":[1],"data_offsets":[0,4])"), "has no dtype"},
      {"no shape", with_x(R"("dtype":"F32","data_offsets":[0,4])"), "has no shape"},
      {"no offsets", with_x(R"("dtype":"F32","shape":[1])"), "has no data_offsets"},
      {"unknown dtype", with_x(R"("dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4])"),
       "dtype \"F8_E4M3\" is not supported"},
      {"dtype in lower case", with_x(R"("dtype":"f32","shape":[1],"data_offsets":[0,4])"),
       "dtype \"f32\" is not supported"},
      {"dtype is a number", with_x(R"("dtype":32,"shape":[1],"data_offsets":[0,4])"),
       "dtype must be a string, not 32"},
      {"dtype is an object", with_x(R"("dtype":{},"shape":[1],"data_offsets":[0,4])"),
       "dtype must be a string, not an object"},
      {"control characters in a name",
       framed(R"({"a\u001b[2J\nb":{"dtype":"F32","shape":[1],"data_offsets":[0,3]}})", 3),
       "tensor \"a?[2J?b\""},
      {"long name", framed("{\"" + repeated("n", 100'000) + "\":1}"), "nnn…\""},
  };
}

std::vector<Hostile> shapes() {
  const auto shape = [](const std::string& shape, const std::string& end = "4") {
    return with_x(R"("dtype":"F32","shape":)" + shape + R"(,"data_offsets":[0,)" + end + "]");
  };
  return {
      {"shape is a number", shape("1"), "shape must be an array, not 1"},
      {"shape is null", shape("null"), "shape must be an array, not null"},
      {"negative size", shape("[-1]"), "shape holds -1, which is not a size"},
      {"fraction", shape("[1.5]"), "shape holds 1.5"},
      {"whole number as float", shape("[1.0]"), "shape holds 1.0"},
      {"string", shape("[\"1\"]"), "shape holds the string \"1\""},
      {"true", shape("[true]"), "shape holds a boolean"},
      {"nested", shape("[[1]]"), "shape holds an array"},
      {"2^63", shape("[9223372036854775808]"), "shape holds 9223372036854775808"},
      {"2^64", shape("[18446744073709551616]"), "shape holds 18446744073709551616"},
      {"product 2^64", shape("[4294967296,4294967296]"), "too large for any memory"},
      {"bytes 2^64 exactly", shape("[4611686018427387904]"), "too large for any memory"},
      {"overflow hidden by zero", shape("[4294967296,4294967296,0]", "0"), "too large for any"},
      {"nine dimensions", shape("[1,1,1,1,1,1,1,1,1]"), "more than 8 dimensions"},
      {"shape too small", shape("[]", "8"), "need 4 bytes, but data_offsets span 8"},
      {"shape too large", shape("[2]"), "need 8 bytes, but data_offsets span 4"},
      {"zero size with bytes", shape("[0]"), "need 0 bytes, but data_offsets span 4"},
  };
}

std::vector<Hostile> offsets() {
  const auto with = [](const std::string& offsets, size_t data = 4) {
    return with_x(R"("dtype":"F32","shape":[1],"data_offsets":)" + offsets, data);
  };
  const auto two = [](const std::string& a, const std::string& b, size_t data) {
    const std::string fields = R"({"dtype":"F32","shape":[1],"data_offsets":)";
    return framed("{\"a\":" + fields + a + "},\"b\":" + fields + b + "}}", data);
  };
  return {
      {"offsets are null", with("null"), "data_offsets must be an array, not null"},
      {"one offset", with("[0]"), "must be two numbers, there are 1"},
      {"no offset", with("[]"), "must be two numbers, there are 0"},
      {"three offsets", with("[0,4,8]"), "must be two numbers, there are more"},
      {"negative", with("[-4,0]"), "data_offsets holds -4"},
      {"fraction", with("[0,4.0]"), "data_offsets holds 4.0"},
      {"2^64-1", with("[0,18446744073709551615]"), "data_offsets holds 18446744073709551615"},
      {"reversed", with("[4,0]"), "data_offsets are reversed: 4 > 0"},
      {"truncated data", with("[0,4]", 3), "ends at data byte 4, but the file has 3"},
      {"far outside", with("[1000000000000,1000000000004]"), "it is cut short"},
      {"gap at the front", with("[4,8]", 8), "a gap of 4 bytes before tensor \"x\""},
      {"trailing bytes", with("[0,4]", 5), "1 bytes after the last tensor"},
      {"gap between", two("[0,4]", "[8,12]", 12), "a gap of 4 bytes before tensor \"b\""},
      {"overlap", two("[0,4]", "[2,6]", 6), "tensor \"b\" overlaps \"a\" at data byte 2"},
      {"same place", two("[0,4]", "[0,4]", 4), "overlaps"},
  };
}

std::vector<Hostile> metadata() {
  const auto with = [](const std::string& value) {
    return framed(R"({"__metadata__":)" + value + "}");
  };
  return {
      {"null", with("null"), "__metadata__ must be an object, not null"},
      {"a string", with("\"pt\""), "__metadata__ must be an object, not the string"},
      {"a number inside", with(R"({"epoch":3})"), "metadata \"epoch\" must be a string, not 3"},
      {"null inside", with(R"({"epoch":null})"), "must be a string, not null"},
      {"nested", with(R"({"a":{"b":"c"}})"), "must be a string, not an object"},
      {"array inside", with(R"({"a":["b"]})"), "must be a string, not an array"},
      {"twice", framed(R"({"__metadata__":{},"__metadata__":{}})"), "__metadata__ is there twice"},
      {"key twice", with(R"({"a":"1","a":"2"})"), "metadata \"a\" is there twice"},
  };
}

void refuse_all(const std::vector<Hostile>& table) {
  for (const auto& [label, bytes, says] : table) {
    SCOPED_TRACE(label);
    // A copy of the exact size, so that a sanitizer sees a read beyond the end.
    const std::vector<std::uint8_t> exact(bytes.begin(), bytes.end());
    EXPECT_ERROR(SafetensorsFile::parse(exact.data(), exact.size(), "hostile"),
                 ErrorKind::checkpoint, says);
  }
}

TEST(SafetensorsFault, Framing) { refuse_all(framing()); }
TEST(SafetensorsFault, JsonText) { refuse_all(json_text()); }
TEST(SafetensorsFault, Entries) { refuse_all(entries()); }
TEST(SafetensorsFault, Shapes) { refuse_all(shapes()); }
TEST(SafetensorsFault, Offsets) { refuse_all(offsets()); }
TEST(SafetensorsFault, Metadata) { refuse_all(metadata()); }

TEST(SafetensorsFault, FilesThatCannotBeMapped) {
  TempFolder folder;
  const auto refuse = [&](const std::filesystem::path& path, const char* says) {
    EXPECT_ERROR(SafetensorsFile::open(path), ErrorKind::checkpoint, says);
  };
  refuse(folder / "nothing.safetensors", "nothing.safetensors: no such file");
  refuse(folder.write("empty.safetensors", ""), "empty.safetensors: the file is empty");
  refuse(folder.path(), "not a regular file");
  refuse("/dev/null", "not a regular file");
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  refuse(folder / "pipe", "not a regular file");  // and opening it did not wait
  std::filesystem::create_symlink(folder / "gone", folder / "link.safetensors");
  refuse(folder / "link.safetensors", "no such file");
}

TEST(SafetensorsFault, EveryTruncationIsRefused) {
  TempFolder folder;
  save_safetensors(folder / "a.safetensors",
                   {{"x", at::arange(5, at::kFloat)}, {"y", at::ones({2}, at::kByte)}},
                   {{"a", "b"}});
  std::ifstream file(folder / "a.safetensors", std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(file), {}};
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::vector<std::uint8_t> cut(whole.begin(),
                                        whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_THROW(SafetensorsFile::parse(cut.data(), cut.size(), "cut"), Error) << size;
  }
}

TEST(SafetensorsFault, EveryFlippedByteIsReadOrRefused) {
  TempFolder folder;
  save_safetensors(folder / "a.safetensors", {{"x", at::arange(3, at::kFloat)}}, {{"a", "b"}});
  std::ifstream file(folder / "a.safetensors", std::ios::binary);
  const std::vector<std::uint8_t> whole{std::istreambuf_iterator<char>(file), {}};
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const int flip : {0x01, 0x10, 0x80, 0xFF}) {
      auto damaged = whole;
      damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ flip);
      try {
        const auto parsed = SafetensorsFile::parse(damaged.data(), damaged.size(), "flipped");
        for (const auto& entry : parsed.entries()) parsed.tensor(entry.name).clone();
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::checkpoint);
      }
    }
  }
}

}  // namespace
}  // namespace headroom
