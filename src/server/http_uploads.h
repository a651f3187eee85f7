// POST /v1/tracks: a file of audio becomes a track. The body goes straight to the disk, and is
// decoded and encoded from there while it arrives; an upload that broke off goes on where it ended.
//
//   POST /v1/tracks?name=song.flac[&key=…][&time_signature=…][&client_id=…][&upload_id=…]
//     Upload-Offset: n       this body goes on at byte n
//     Upload-Complete: ?0    more follow; answered 202 with Upload-Offset
//   HEAD /v1/tracks?upload_id=…    204 with Upload-Offset: what is there
//
// Answered 201 with the members of upload_ok, 200 when a track of the same samples is there, or
// with a problem.
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "server/connection.h"

namespace headroom::server {

class HttpUploads {
 public:
  /// Bodies lie below `folder` until they are tracks. What a killed process left there is removed,
  /// unless it has an upload_id and is younger than a day.
  HttpUploads(Surroundings around, const Site& site, net::thread_pool& workers,
              std::filesystem::path folder);

  /// Serves one request whose header was read; false when the connection must end.
  net::awaitable<bool> serve(beast::tcp_stream& stream, beast::flat_buffer& buffer,
                             http::request_parser<http::empty_body>& header,
                             const HttpRequest& request);

 private:
  struct Upload;
  class Turn;

  std::optional<HttpReply> prepare(const HttpRequest& request, std::optional<std::uint64_t> length,
                                   Upload& upload);
  net::awaitable<std::optional<HttpReply>> receive(beast::tcp_stream& stream,
                                                   beast::flat_buffer& buffer,
                                                   http::request_parser<http::empty_body>& header,
                                                   Upload& upload, Turn& turn);
  net::awaitable<HttpReply> finish(Upload& upload, Turn& turn);
  HttpReply decode(Upload& upload, std::optional<wire::Pcm>& pcm) const;
  net::awaitable<HttpReply> hand_over(const Upload& upload, wire::Pcm pcm,
                                      std::unique_ptr<UploadAhead> ahead);
  std::filesystem::path file_of(const std::string& owner, const std::string& upload_id) const;

  Surroundings around_;
  const Site& site_;
  net::thread_pool& workers_;
  std::filesystem::path folder_;
  std::mutex mutex_;
  std::set<std::filesystem::path> busy_;  // files that a connection writes
  std::size_t early_ = 0;                 // of them, those that are decoded meanwhile
};

}  // namespace headroom::server
