// What each command does to a session.
#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "session/session.h"
#include "wire/message.h"

namespace headroom::session {
namespace {

wire::Event failure(const wire::Command& command, const std::exception& error) {
  return wire::failure_of(wire::type_of(command), "", error.what(), wire::request_id_of(command));
}

// Words of a reference to a track that is not there, as clients know them.
std::string no_track(const std::string& name) {
  return fmt::format("there is no track '{}'", printable(name));
}

}  // namespace

struct Session::Carrier {
  Session& session;
  std::optional<wire::Pcm>& pcm;

  void operator()(wire::Params& command) {
    session.score_.set_params(command, command.raw, session.now());
  }

  void operator()(wire::LoopBand& command) {
    std::optional<diffusion::LoopBand> band;
    if (command.start_sec && command.end_sec && *command.end_sec > *command.start_sec)
      band = diffusion::LoopBand{*command.start_sec, *command.end_sec};
    session.score_.set_band(band, session.now());
  }

  void operator()(wire::Prompt& command) {
    session.in_order(
        command, [this_session = &session, command](const Source& source, const std::stop_token&) {
          auto& s = *this_session;
          auto prompts = s.desk_.encode(command.tags, command.tags_b.value_or(command.tags), source,
                                        command.key);
          {
            const std::scoped_lock lock(s.mutex_);
            s.prompt_a_ = prompts.a;
            s.prompt_b_ = prompts.b;
          }
          s.score_.set_prompts(std::move(prompts), s.now());
          s.tell(wire::PromptApplied{.tags = command.tags, .request_id = command.request_id});
        });
  }

  void operator()(wire::PromptBlend& command) {
    session.score_.set_blend(command.value, session.now());
  }

  void operator()(wire::SetDepth& command) {
    session.score_.set_depth(command.value, session.now());
  }

  void operator()(wire::EnableLora& command) {
    session.in_order(command,
                     [this_session = &session, command](const Source&, const std::stop_token&) {
                       auto& s = *this_session;
                       auto change = s.stage_.loras.enabling(command.id, command.strength);
                       if (!change) {
                         s.tell(wire::CommandFailed{.command = wire::EnableLora::kType,
                                                    .field = "id",
                                                    .error = change.error(),
                                                    .request_id = command.request_id});
                         return s.tell(wire::LoraCatalog{.catalog = s.stage_.loras.entries(),
                                                         .request_id = command.request_id});
                       }
                       auto enabling = std::move(change).value();
                       enabling.request_id = command.request_id;
                       s.score_.add_lora(std::move(enabling), s.now());
                     });
  }

  void operator()(wire::DisableLora& command) {
    session.in_order(
        command, [this_session = &session, command](const Source&, const std::stop_token&) {
          this_session->score_.add_lora({.id = command.id, .request_id = command.request_id},
                                        this_session->now());
        });
  }

  void operator()(wire::TimbreStrength& command) {
    session.score_.set_timbre_strength(command.value, session.now());
  }

  void operator()(wire::TimbreSource& command) {
    auto audio = std::make_shared<at::Tensor>(pcm ? tensor_of(*pcm) : at::Tensor());
    session.in_order(command, [this_session = &session, command, audio](
                                  const Source& source, const std::stop_token& stop) {
      this_session->use_timbre(command.name, *audio, source, stop);
    });
  }

  void operator()(wire::TimbreFixture& command) {
    session.in_order(command, [this_session = &session, command](const Source& source,
                                                                 const std::stop_token& stop) {
      this_session->use_timbre(command.name, this_session->fixture(command.name), source, stop);
    });
  }

  void operator()(wire::ClearTimbre& command) {
    session.in_order(
        command, [this_session = &session, command](const Source& source, const std::stop_token&) {
          auto& s = *this_session;
          s.desk_.set_timbre({});
          s.score_.set_prompts(s.desk_.encode(s.prompt_a_, s.prompt_b_, source), s.now());
          {
            const std::scoped_lock lock(s.mutex_);
            s.names_.timbre.reset();
          }
          s.tell(wire::TimbreCleared{.request_id = command.request_id});
        });
  }

  void operator()(wire::StructureSource& command) {
    auto audio = std::make_shared<at::Tensor>(pcm ? tensor_of(*pcm) : at::Tensor());
    session.in_order(command, [this_session = &session, command, audio](
                                  const Source& source, const std::stop_token& stop) {
      this_session->use_structure(command.name, *audio, source, stop);
    });
  }

  void operator()(wire::StructureFixture& command) {
    session.in_order(command, [this_session = &session, command](const Source& source,
                                                                 const std::stop_token& stop) {
      this_session->use_structure(command.name, this_session->fixture(command.name), source, stop);
    });
  }

  void operator()(wire::ClearStructure& command) {
    session.in_order(command,
                     [this_session = &session, command](const Source&, const std::stop_token&) {
                       auto& s = *this_session;
                       s.desk_.set_structure({});
                       s.score_.set_structure({}, s.now());
                       {
                         const std::scoped_lock lock(s.mutex_);
                         s.names_.structure.reset();
                       }
                       s.tell(wire::StructureCleared{.request_id = command.request_id});
                     });
  }

  void operator()(wire::SwapSource& command) { session.prepare_swap(command, std::move(pcm)); }

  /// The server's matter.
  void operator()(wire::WatchMemory& /*command*/) {}
};

void Session::post(wire::Command command, std::optional<wire::Pcm> pcm) {
  std::visit(Carrier{*this, pcm}, command);
}

void Session::in_order(
    const wire::Command& command,
    std::function<void(const Source& source, const std::stop_token& stop)> work) {
  score_.touch(now());
  auto job = [this, command, work = std::move(work)](const std::stop_token& stop) {
    const auto playing = source();
    if (!playing) return;  // the session never began
    try {
      work(*playing, stop);
    } catch (const std::exception& error) {
      if (stop.stop_requested()) return;
      log::warn("session {}: {}: {}", start_.id, wire::type_of(command), error.what());
      tell(failure(command, error));
    }
  };
  commands_.post([this, job = std::move(job)](const std::stop_token& stop) {
    if (first_handed_) return job(stop);
    early_.emplace_back(job);
  });
}

at::Tensor Session::fixture(const std::string& name) const {
  const auto track = stage_.library.find(name);
  if (!track) throw Error(ErrorKind::input, no_track(name));
  return tensor_of(stage_.library.read_source(*track));
}

void Session::use_timbre(const std::string& name, const at::Tensor& audio, const Source& source,
                         const std::stop_token& stop) {
  const auto before = desk_.timbre();
  auto reference = desk_.timbre(name, audio, source, stop);
  const double seconds = reference.seconds();
  try {
    desk_.set_timbre(std::move(reference));
    score_.set_prompts(desk_.encode(prompt_a_, prompt_b_, source), now());
  } catch (...) {
    desk_.set_timbre(before);
    throw;
  }
  {
    const std::scoped_lock lock(mutex_);
    names_.timbre = name;
  }
  tell(wire::TimbreSet{.name = name, .duration = seconds, .request_id = {}});
}

void Session::use_structure(const std::string& name, const at::Tensor& audio, const Source& source,
                            const std::stop_token& stop) {
  Reference reference{.name = name, .audio = audio, .latents = {}};
  const double seconds = reference.seconds();
  score_.set_structure(desk_.structure(reference, source, stop), now());
  desk_.set_structure(std::move(reference));
  {
    const std::scoped_lock lock(mutex_);
    names_.structure = name;
  }
  tell(wire::StructureSet{.name = name, .duration = seconds, .request_id = {}});
}

void Session::encode_negative() {
  if (negative_asked_.exchange(true)) return;
  commands_.post([this](const std::stop_token&) {
    const auto playing = source();
    if (!playing) return;
    try {
      score_.set_negative(desk_.negative(*playing));
    } catch (const std::exception& error) {
      log::warn("session {}: guidance has no negative prompt: {}", start_.id, error.what());
      negative_asked_ = false;
    }
  });
}

// The latest swap wins: one that is being prepared is given up without a word, because clients take
// a second answer for their second swap's.
void Session::prepare_swap(const wire::SwapSource& command, std::optional<wire::Pcm> pcm) {
  score_.touch(now());
  std::stop_token stop;
  std::uint64_t number = 0;
  {
    const std::scoped_lock lock(mutex_);
    swap_stop_.request_stop();
    swap_stop_ = std::stop_source();
    stop = swap_stop_.get_token();
    number = ++swaps_;
  }
  const auto audio = std::make_shared<std::optional<wire::Pcm>>(std::move(pcm));
  sources_.post([this, command, audio, stop, number](const std::stop_token& ending) {
    if (stop.stop_requested() || ending.stop_requested()) return;
    try {
      Order order{.pcm = std::move(*audio),
                  .name = command.fixture_name,
                  .mode = command.stem_source_mode,
                  .key = command.key,
                  .time_signature = command.time_signature};
      auto source = std::make_shared<const Source>(
          Preparer(stage_, start_.id).prepare(std::move(order), stop));
      commands_.post([this, command, source, number](const std::stop_token& token) {
        {
          const std::scoped_lock lock(mutex_);
          if (number != swaps_) return;
        }
        swap(command, source, token);
      });
    } catch (const std::exception& error) {
      if (stop.stop_requested() || ending.stop_requested()) return;
      log::warn("session {}: swap: {}", start_.id, error.what());
      tell(failure(command, error));
    }
  });
}

void Session::swap(const wire::SwapSource& command, const std::shared_ptr<const Source>& source,
                   const std::stop_token& stop) {
  try {
    const auto a = command.tags.value_or(prompt_a_);
    const auto b = prompt_b_ != prompt_a_ ? prompt_b_ : a;
    Turnover turnover{.source = source,
                      .prompts = desk_.encode(a, b, *source),
                      .structure = refitted_structure(*source, stop),
                      .request_id = command.request_id};
    hand_over(std::move(turnover), stop);
  } catch (const std::exception& error) {
    if (stop.stop_requested()) return;
    log::warn("session {}: swap: {}", start_.id, error.what());
    tell(failure(command, error));
  }
}

at::Tensor Session::refitted_structure(const Source& source, const std::stop_token& stop) {
  const auto& reference = desk_.structure();
  if (!reference) return {};
  try {
    return desk_.structure(*reference, source, stop);
  } catch (const std::exception& error) {
    if (stop.stop_requested()) throw;
    tell(wire::StructureFailed{.error = fmt::format("dropped after swap: {}", error.what()),
                               .request_id = {}});
    desk_.set_structure({});
    const std::scoped_lock lock(mutex_);
    names_.structure.reset();
    return {};
  }
}

}  // namespace headroom::session
