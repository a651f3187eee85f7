#include "library/content_hash.h"

#include <array>
#include <cstring>
#include <openssl/evp.h>
#include <sys/random.h>

#include <fmt/format.h>

#include "base/error.h"

namespace headroom::library {
namespace {

template <class Bytes>
std::string hex(const Bytes& bytes, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += fmt::format("{:02x}", bytes[i]);
  return text;
}

}  // namespace

struct Hasher::State {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                  &EVP_MD_CTX_free};
};

Hasher::Hasher() : state_(std::make_unique<State>()) {
  if (state_->context == nullptr ||
      EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr) != 1)
    throw Error(ErrorKind::internal, "SHA-256 is not available");
}

Hasher::~Hasher() = default;

void Hasher::add(std::span<const std::uint8_t> bytes) {
  if (EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) != 1)
    throw Error(ErrorKind::internal, "SHA-256 failed");
}

std::string Hasher::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_DigestFinal_ex(state_->context.get(), digest.data(), &size) != 1)
    throw Error(ErrorKind::internal, "SHA-256 failed");
  return hex(digest, size);
}

std::string content_hash(std::span<const float> samples, std::uint32_t channels) {
  Hasher hasher;
  std::array<std::uint8_t, sizeof channels> start{};
  std::memcpy(start.data(), &channels, sizeof channels);
  hasher.add(start);
  hasher.add({reinterpret_cast<const std::uint8_t*>(samples.data()), samples.size_bytes()});
  return hasher.finish();
}

std::string random_id() {
  std::array<unsigned char, 8> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw Error(ErrorKind::internal, "the system gives no random numbers");
  return hex(bytes, bytes.size());
}

}  // namespace headroom::library
