// What the commands below `headroom bench` share.
#pragma once

#include <string>

#include "cli/command.h"
#include "wire/types.h"

namespace headroom::cli {

/// A file at the wire's rate and channels, as long as its largest message at most. Throws what
/// load_audio() throws.
wire::Pcm bench_file(const std::string& path);
/// A pulse and a chord that moves: something to analyse, and no second is like the one before.
/// Another `number` is another sound.
wire::Pcm bench_sound(double seconds, int number = 0);

Command add_bench_serve(CLI::App& bench);
Command add_bench_upload(CLI::App& bench);

}  // namespace headroom::cli
