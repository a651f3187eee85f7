// Hostile and damaged PyTorch archives.
#include <gtest/gtest.h>

#include "expect_error.h"
#include "temp_folder.h"
#include "tensor/torch_archive.h"
#include "tensor/torch_pickle.h"
#include "tensor/zip_store.h"

namespace headroom {
namespace {

using namespace std::string_literals;

std::span<const std::uint8_t> as_bytes(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string zipped(const std::string& pickle, const std::string& data = std::string(24, '\0')) {
  ZipWriter zip;
  zip.add("a/data.pkl", as_bytes(pickle));
  zip.add("a/data/0", as_bytes(data));
  return zip.finish();
}

// `text` with the first `from` in it replaced.
std::string swapped(const std::string& text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::logic_error("the fragment is not there: " + from);
  return text.substr(0, at) + to + text.substr(at + from.size());
}

std::string good_pickle() { return write_torch_pickle(at::zeros({2, 3})); }
std::string good() { return zipped(good_pickle()); }

struct Hostile {
  const char* label;
  std::string bytes;
  const char* says;
};

void refuse_all(const std::vector<Hostile>& table) {
  for (const auto& [label, bytes, says] : table) {
    SCOPED_TRACE(label);
    const std::vector<std::uint8_t> exact(bytes.begin(), bytes.end());
    EXPECT_ERROR(parse_torch_tensor(exact, "hostile"), ErrorKind::checkpoint, says);
  }
}

TEST(TorchArchiveFault, Pickles) {
  const auto with = [](const std::string& from, const std::string& to) {
    return zipped(swapped(good_pickle(), from, to));
  };
  refuse_all({
      {"empty", zipped(""), "a pickle protocol expected at its byte 0"},
      {"code", zipped("\x80\x02"s + "cos\nsystem\n(X\x02\x00\x00\x00"s + "idtR."),
       "the pickle calls os.system"},
      {"a dict", zipped("\x80\x02}."), "torch._utils._rebuild_tensor_v2 expected"},
      {"protocol 0", with("\x80\x02", std::string("\x80\0", 2)), "protocol 2 expected"},
      {"a parameter", with("_rebuild_tensor_v2", "_rebuild_parameter"),
       "the pickle calls torch._utils._rebuild_parameter"},
      {"control characters", with("_rebuild_tensor_v2", "\x1b[2J\r"), "torch._utils.?[2J?"},
      {"integers", with("FloatStorage", "LongStorage"), "torch.LongStorage is not supported"},
      {"another module", with("ctorch\nFloat", "cevil\nFloat"), "evil.FloatStorage"},
      {"another key", with("\x01\0\0\0"s + "0", "\x01\0\0\0"s + "1"), "the storage '0' expected"},
      {"not a storage", with("storage", "starage"), "'storage' expected"},
      {"string of 4 GiB", with("X\x07\0\0\0"s, "X\xff\xff\xff\xff"), "a whole string"},
      {"negative size", with("K\x02K\x03", "J\xff\xff\xff\xffK\x03"), "the pickle says -1"},
      {"shape not the storage", with("(K\x02K\x03t", "(K\x02K\x02t"),
       "does not fill a storage of 6"},
      {"huge shape", with("(K\x02K\x03t", "(J\xff\xff\xff\x7fJ\xff\xff\xff\x7fJ\xff\xff\xff\x7ft"),
       "is too large"},
      {"offset", with("QK"s + '\0', "QK\x01"), "is a part of its storage"},
      {"turned", with("(K\x03K\x01t", "(K\x01K\x02t"),
       "not contiguous: shape [2, 3], strides [1, 2]"},
      {"too few strides", with("(K\x03K\x01t", "(K\x01t"), "not as many strides as sizes"},
      {"nine dimensions", with("(K\x02K\x03t", "(K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x02K\x03t"),
       "more than 8 dimensions"},
      {"wide integer", with("K\x02K\x03", "\x8a\x09" + std::string(9, '\1') + "K\x03"), "64 bits"},
      {"wrong tuple", with("(K\x02K\x03t", "K\x02K\x03\x85"), "the shape expected"},
      {"requires_grad", with("\x89", "\x88"), "requires_grad False expected"},
      {"hooks", with("OrderedDict", "defaultdict"), "the pickle calls collections.defaultdict"},
      {"no end", zipped(good_pickle().substr(0, good_pickle().size() - 1)), "the end expected"},
      {"more after the end", zipped(good_pickle() + "."), "goes on after its end"},
      {"too little data", zipped(good_pickle(), std::string(20, '\0')), "has 20 bytes"},
      {"too much data", zipped(good_pickle(), std::string(28, '\0')), "the tensor needs 24"},
  });
}

TEST(TorchArchiveFault, Zips) {
  const auto end = good().size() - 22;
  const auto patched = [](size_t at, const std::string& bytes) {
    const auto zip = good();
    return zip.substr(0, at) + bytes + zip.substr(at + bytes.size());
  };
  const auto directory = good().find("PK\x01\x02");
  const auto second = good().find("PK\x01\x02", directory + 1);
  const auto many = [] {
    ZipWriter zip;
    for (int i = 0; i < 1001; ++i) zip.add("a/" + std::to_string(i), {});
    return zip.finish();
  }();
  const auto only = [](const std::string& name, const std::string& data) {
    ZipWriter zip;
    zip.add(name, as_bytes(data));
    return zip.finish();
  };
  const auto twice = [] {
    ZipWriter zip;
    for (int i = 0; i < 2; ++i) zip.add("a/data.pkl", as_bytes(good_pickle()));
    return zip.finish();
  }();
  const auto big_endian = [] {
    ZipWriter zip;
    zip.add("a/data.pkl", as_bytes(good_pickle()));
    zip.add("a/byteorder", as_bytes("big"));
    zip.add("a/data/0", as_bytes(std::string(24, '\0')));
    return zip.finish();
  }();
  refuse_all({
      {"empty", "", "not a zip archive"},
      {"legacy torch file", "\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19.",
       "zip since version 1.6"},
      {"no end record", good().substr(0, end), "not a zip archive"},
      {"bytes after the end", good() + "x", "not a zip archive"},
      {"no entries", std::string("PK\5\6") + std::string(18, '\0'), "no data.pkl in the archive"},
      {"too many entries", many, "1001 entries are more than"},
      {"directory outside", patched(end + 16, "\xff\xff\xff\x7f"), "outside of the file"},
      {"directory too long", patched(end + 12, "\xff\xff\xff\x7f"), "outside of the file"},
      {"more entries than there are", patched(end + 10, "\x03"), "damaged"},
      {"fewer entries", patched(end + 10, "\x01"), "another length than it says"},
      {"directory elsewhere", patched(end + 16, "\0\0\0\0"s), "damaged"},
      {"only data", only("a/data/0", "x"), "no data.pkl"},
      {"only the pickle", only("a/data.pkl", good_pickle()), "entry \"a/data/0\" is missing"},
      {"pickle twice", twice, "entry \"a/data.pkl\" is there twice"},
      {"big-endian", big_endian, "big-endian"},
      {"compressed", patched(directory + 10, "\x08"), "is compressed"},
      {"sizes differ", patched(directory + 20, "\x01"), "is compressed"},
      {"encrypted", patched(directory + 8, "\x01"), "is encrypted"},
      {"wrong checksum", patched(second + 16, "\x01\x02\x03\x04"), "wrong checksum"},
      {"damaged data", patched(good().find("PK\x01\x02") - 1, "\x01"), "wrong checksum"},
      {"entry too long", patched(second + 20, "\xff\xff\xff\x7f\xff\xff\xff\x7f"),
       "beyond the end"},
      {"entry elsewhere", patched(second + 42, "\x01"), "not where the directory says"},
      {"entry far outside", patched(second + 42, "\xff\xff\xff\xfe"),
       "not where the directory says"},
      {"another local name", patched(30, "b"), "another name in its own header"},
      {"name too long", patched(directory + 28, "\xff\xff"), "cut short"},
  });
}

TEST(TorchArchiveFault, Files) {
  TempFolder folder;
  EXPECT_ERROR(load_torch_tensor(folder / "none.pt"), ErrorKind::checkpoint,
               "none.pt: no such file");
  EXPECT_ERROR(load_torch_tensor(folder.path()), ErrorKind::checkpoint, "not a regular file");
  EXPECT_ERROR(load_torch_tensor(folder.write("empty.pt", "")), ErrorKind::checkpoint,
               "empty.pt: not a zip archive");
}

TEST(TorchArchiveFault, EveryTruncationAndFlippedByteIsReadOrRefused) {
  const auto whole = good();
  for (size_t at = 0; at < whole.size(); ++at) {
    EXPECT_THROW(parse_torch_tensor(as_bytes(whole.substr(0, at)), "cut"), Error) << at;
    for (const int flip : {0x01, 0x10, 0x80, 0xFF}) {
      std::vector<std::uint8_t> damaged(whole.begin(), whole.end());
      damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ flip);
      try {
        parse_torch_tensor(damaged, "flipped");
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::checkpoint);
      }
    }
  }
}

}  // namespace
}  // namespace headroom
