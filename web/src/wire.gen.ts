// Made from src/wire/protocol.json by tools/wire. Do not edit.

/** Grows when something old changes its meaning; additions do not count. */
export const PROTOCOL_VERSION = 1;
/** Of all audio on the wire, in Hz. */
export const SAMPLE_RATE = 48000;
/** One latent frame, 0.04 s. */
export const SAMPLES_PER_LATENT = 1920;
/** Length quantum of every source: 5 latent frames. */
export const SAMPLES_PER_POOL = 9600;
/** Of every buffer that the server sends; mono input is doubled. */
export const CHANNELS = 2;
/** HTTP and WebSocket. */
export const DEFAULT_PORT = 1318;
/** Control bus, on loopback. */
export const DEFAULT_CONTROL_PORT = 1319;
/** Upload done, or a session that ended. */
export const CLOSE_NORMAL = 1000;
/** The server shuts down. */
export const CLOSE_GOING_AWAY = 1001;
/** A limit was broken: too slow to read, or too slow to speak. */
export const CLOSE_POLICY = 1008;
/** A message above the limit of the state. */
export const CLOSE_TOO_BIG = 1009;
/** Set-up failed, or the session did; an error frame says why. */
export const CLOSE_FAILED = 1011;
/** A newer session took over; final, a client must not reconnect by itself. */
export const CLOSE_PREEMPTED = 4001;
/** Reason text beside close_preempted. */
export const PREEMPTED_REASON = "preempted by a newer session";
/** Bytes of any inbound WebSocket message. */
export const LARGEST_MESSAGE = 104857600;
/** Bytes of the first text frame. */
export const LONGEST_CONFIG = 65536;
/** Bytes of any later text frame. */
export const LONGEST_COMMAND = 262144;
/** Packed, little-endian. */
export const SLICE_HEADER_BYTES = 23;
/** Flag: absolute samples overwrite the listener's. */
export const SLICE_RAW = 0;
/** Flag: one zstd frame of differences, to be added. */
export const SLICE_DELTA = 1;
/** u32 channels, u32 samples per channel. */
export const PCM_HEADER_BYTES = 8;
/** More are surely not a header of ours. */
export const MOST_PCM_CHANNELS = 64;
/** A source below this has no music in it. */
export const SHORTEST_SOURCE_S = 1.0;
/** How often a client may send params. */
export const PARAMS_CADENCE_MS = 8;
/** Values of one curve. */
export const LONGEST_CURVE = 65536;
/** lora_str_ members in one params message. */
export const MOST_LORA_KNOBS = 64;

export type StemMode = "full" | "vocals" | "instruments";
export type TimeSignature = "2" | "3" | "4" | "6" | number | string;

export interface KnobValues {
  denoise: number;
  sde_amp: number;
  periodicity: number;
  seed: number;
  feedback: number;
  feedback_depth: number;
  shift: number;
  hint_strength: number;
  steps_override: number;
  x0_target: number;
  ch_g0: number;
  ch_g1: number;
  ch_g2: number;
  ch_g3: number;
  ch_g4: number;
  ch_g5: number;
  ch_g6: number;
  ch_g7: number;
  ch13: number;
  ch14: number;
  ch19: number;
  ch23: number;
  ch29: number;
  ch56: number;
  guidance_scale: number;
  cfg_rescale: number;
  rcfg_mode: "off" | "self" | "initialize" | "full";
  dcw_enabled: boolean;
  dcw_mode: "low" | "high" | "double" | "pix";
  dcw_wavelet: "haar" | "db4" | "sym8" | "db8";
  dcw_scaler: number;
  dcw_high_scaler: number;
  dcw_mult_blend: number;
  dcw_mag_phase: number;
  dcw_soft_thresh: number;
  sde_denoise_curve: Curve;
  x0_target_curve: Curve;
  velocity_scale_curve: Curve;
  initial_noise_curve: Curve;
}

export type Curve =
  | { type: "constant"; value: number }
  | { type: "raw"; values: number[] };

export interface KnobInfo {
  name: string;
  type?: "number" | "integer" | "flag" | "choice" | "curve";
  /** The name goes on: lora_str_<id>. */
  prefix?: boolean;
  group: string;
  default?: number | boolean | string;
  min?: number;
  max?: number;
  step?: number;
  /** Sensitivity on hardware controllers. */
  bank?: number;
  session?: "ode" | "sde";
  options?: string[];
  doc: string;
}

export const KNOBS: readonly KnobInfo[] = [
  {"name": "denoise", "group": "core", "default": 0, "min": 0, "max": 1, "step": 0.05, "bank": 2.0, "session": "ode", "doc": "How far from the source; 0 is the source."},
  {"name": "sde_amp", "group": "core", "default": 0, "min": 0, "max": 1, "step": 0.05, "bank": 2.0, "session": "sde", "doc": "Amplitude of the stochastic curve."},
  {"name": "periodicity", "group": "core", "default": 0, "min": 0, "max": 12.5, "step": 0.5, "bank": 2.0, "session": "sde", "doc": "Cycles per second of the stochastic curve."},
  {"name": "seed", "type": "integer", "group": "core", "default": 0, "min": 0, "max": 4294967295, "step": 1, "bank": 0.5, "doc": "Of the noise."},
  {"name": "feedback", "group": "core", "default": 0, "min": 0, "max": 1, "step": 0.05, "bank": 2.0, "doc": "How much of an earlier result goes into the source."},
  {"name": "feedback_depth", "type": "integer", "group": "core", "default": 1, "min": 1, "max": 8, "step": 1, "bank": 4.0, "doc": "Which earlier result."},
  {"name": "shift", "group": "core", "default": 3.5, "min": 1, "max": 6, "step": 0.5, "bank": 1.0, "doc": "Of the schedule toward noise."},
  {"name": "hint_strength", "group": "core", "default": 1, "min": 0, "max": 1, "step": 0.05, "bank": 2.0, "doc": "How much of the structure is kept."},
  {"name": "steps_override", "type": "integer", "group": "core", "default": 8, "min": 1, "max": 16, "step": 1, "doc": "Diffusion steps; a change rebuilds the pipeline."},
  {"name": "x0_target", "group": "core", "default": 0, "min": 0, "max": 1, "step": 0.05, "bank": 2.0, "doc": "Pull toward the source latent."},
  {"name": "lora_str_", "prefix": true, "group": "core", "default": 0, "min": 0, "max": 2, "step": 0.2, "bank": 2.0, "doc": "Strength of the LoRA whose id follows."},
  {"name": "ch_g0", "group": "groups", "default": 1, "min": 0, "max": 3, "step": 0.15, "bank": 1.5, "doc": "Gain of latent channels 0 to 7."},
  {"name": "ch_g1", "group": "groups", "default": 1, "min": 0, "max": 3, "step": 0.15, "bank": 1.5, "doc": "Gain of latent channels 8 to 15."},
  {"name": "ch_g2", "group": "groups", "default": 1, "min": 0, "max": 3, "step": 0.15, "bank": 1.5, "doc": "Gain of latent channels 16 to 23."},
  {"name": "ch_g3", "group": "groups", "default": 1, "min": 0, "max": 3, "step": 0.15, "bank": 1.5, "doc": "Gain of latent channels 24 to 31."},
  {"name": "ch_g4", "group": "groups", "default": 1, "min": 0, "max": 3, "step": 0.15, "bank": 1.5, "doc": "Gain of latent channels 32 to 39."},
  {"name": "ch_g5", "group": "groups", "default": 1, "min": 0, "max": 3, "step": 0.15, "bank": 1.5, "doc": "Gain of latent channels 40 to 47."},
  {"name": "ch_g6", "group": "groups", "default": 1, "min": 0, "max": 3, "step": 0.15, "bank": 1.5, "doc": "Gain of latent channels 48 to 55."},
  {"name": "ch_g7", "group": "groups", "default": 1, "min": 0, "max": 3, "step": 0.15, "bank": 1.5, "doc": "Gain of latent channels 56 to 63."},
  {"name": "ch13", "group": "keystones", "default": 1, "min": 0, "max": 3, "step": 0.15, "bank": 1.5, "doc": "Gain of latent channel 13, beside its group's."},
  {"name": "ch14", "group": "keystones", "default": 1, "min": 0, "max": 3, "step": 0.15, "bank": 1.5, "doc": "Gain of latent channel 14."},
  {"name": "ch19", "group": "keystones", "default": 1, "min": 0, "max": 3, "step": 0.15, "bank": 1.5, "doc": "Gain of latent channel 19."},
  {"name": "ch23", "group": "keystones", "default": 1, "min": 0, "max": 3, "step": 0.15, "bank": 1.5, "doc": "Gain of latent channel 23."},
  {"name": "ch29", "group": "keystones", "default": 1, "min": 0, "max": 3, "step": 0.15, "bank": 1.5, "doc": "Gain of latent channel 29."},
  {"name": "ch56", "group": "keystones", "default": 1, "min": 0, "max": 3, "step": 0.15, "bank": 1.5, "doc": "Gain of latent channel 56."},
  {"name": "guidance_scale", "group": "guidance", "default": 1, "min": 1, "max": 15, "step": 0.5, "doc": "Only while rcfg_mode is not off."},
  {"name": "cfg_rescale", "group": "guidance", "default": 0, "min": 0, "max": 1, "step": 0.05, "doc": "Only while rcfg_mode is not off."},
  {"name": "rcfg_mode", "type": "choice", "group": "guidance", "default": "off", "options": ["off", "self", "initialize", "full"], "doc": "Kind of guidance."},
  {"name": "dcw_enabled", "type": "flag", "group": "dcw", "default": true, "doc": "Wavelet correction."},
  {"name": "dcw_mode", "type": "choice", "group": "dcw", "default": "double", "options": ["low", "high", "double", "pix"], "doc": "Bands that are corrected."},
  {"name": "dcw_wavelet", "type": "choice", "group": "dcw", "default": "haar", "options": ["haar", "db4", "sym8", "db8"], "doc": "Wavelet of the correction."},
  {"name": "dcw_scaler", "group": "dcw", "default": 0.05, "min": 0, "max": 0.5, "step": 0.02, "doc": "Correction of the low band."},
  {"name": "dcw_high_scaler", "group": "dcw", "default": 0.02, "min": 0, "max": 0.5, "step": 0.02, "doc": "Correction of the high band."},
  {"name": "dcw_mult_blend", "group": "dcw", "default": 0, "min": 0, "max": 1, "step": 0.05, "doc": "Advanced correction."},
  {"name": "dcw_mag_phase", "group": "dcw", "default": 0, "min": 0, "max": 1, "step": 0.05, "doc": "Advanced correction."},
  {"name": "dcw_soft_thresh", "group": "dcw", "default": 0, "min": 0, "max": 0.3, "step": 0.01, "doc": "Advanced correction."},
  {"name": "sde_denoise_curve", "type": "curve", "group": "curves", "min": 0, "max": 1, "doc": "Over the track, instead of sde_amp."},
  {"name": "x0_target_curve", "type": "curve", "group": "curves", "min": 0, "max": 1, "doc": "Over the track, instead of x0_target."},
  {"name": "velocity_scale_curve", "type": "curve", "group": "curves", "min": -10, "max": 10, "doc": "Gain of the velocity over the track."},
  {"name": "initial_noise_curve", "type": "curve", "group": "curves", "min": 0, "max": 10, "doc": "Gain of the first noise over the track."},
];

/** What its maker says about a LoRA. */
export interface LoraMetadata {
  /** File stem. */
  id: string;
  /** For people. */
  name: string;
  description: string | null;
  primary_trigger_word: string | null;
  trigger_words: string[];
  recommended_strength: number | null;
  recommended_steps: number | null;
  recommended_shift: number | null;
  recommended_guidance: number | null;
  primary_genre: string | null;
  secondary_genres: string[];
  tags: string[];
  moods: string[];
  base_model: string | null;
  /** 2B, 5B. */
  base_model_scale: string | null;
  /** From a sidecar. */
  has_metadata: boolean;
}

/** One LoRA of the catalogue. */
export interface LoraEntry {
  id: string;
  name: string;
  /** Relative to the folder of LoRAs. */
  path: string;
  /** registered, enabled. */
  state: string;
  strength: number;
  materialized_bytes: number;
  metadata: LoraMetadata;
  /** Ours: fits the checkpoint. */
  compatible: boolean;
}

/** State of a session, for the control bus and for a client that comes back. */
export interface Snapshot {
  id: string;
  /** Unix time, s. */
  started_at: number;
  prompt: string;
  prompt_b: string | null;
  prompt_blend: number;
  /** Of the buffer, s. */
  duration: number;
  bpm: number;
  key: string;
  time_signature: string;
  /** Of the track that plays now. */
  fixture_name: string | null;
  timbre_name: string | null;
  timbre_strength: number;
  structure_name: string | null;
  lora_catalog: LoraEntry[];
  knob_values: Record<string, unknown>;
  channels: number;
  sample_rate: number;
  /** Ours. */
  stem_source_mode: StemMode | null;
  /** Ours. */
  pipeline_depth: number;
  /** Ours. */
  loop_start_sec: number | null;
  /** Ours. */
  loop_end_sec: number | null;
}

/** First text frame of a main session. */
export interface SessionConfig {
  /** Stochastic sampler: sde_amp instead of denoise, and periodicity. Default false. */
  sde?: boolean;
  /** LoRA support for this session. Default false. */
  lora?: boolean;
  /** Kept window of a slice, s; 0 or less: the whole buffer. -1 to 600. Default 0.36. */
  vae_window?: number;
  /** Only the first seconds of the initial source; 0: all. 0 to 86400. Default 0.0. */
  crop?: number;
  /** Pipeline depth; the session clamps further. 1 to 64. Default 4. */
  depth?: number;
  /** Diffusion steps. 1 to 64. Default 8. */
  steps?: number;
  /** Default "instrumental music". */
  prompt?: string;
  /** Absent: same as prompt. */
  prompt_b?: string;
  /** Default false. */
  fast_vae?: boolean;
  /** Long sources in pieces. Default false. */
  walk_window?: boolean;
  /** s. 5 to 600. Default 60.0. */
  walk_window_s?: number;
  /** Label; the library is asked by this name. */
  fixture_name?: string;
  /** The server loads the track; no PCM follows. Default false. */
  use_server_fixture?: boolean;
  stem_source_mode?: StemMode;
  /** Default []. */
  enabled_loras?: string[];
  /** 0 to 2. Default {}. */
  lora_strengths?: Record<string, number>;
  /** Files to register; counts only inside the server's LoRA folders. Default []. */
  lora_paths?: string[];
  /** Who: owner of uploads, same client after a reconnect. */
  client_id?: string;
  /** Ours: ready.resume_token of the session to take up again. */
  resume?: string;
  /** Ours: a person asked for it, so it counts even right after this client was preempted. Default false. */
  take_over?: boolean;
  /** Ours: stem_links instead of stem_assets. Default false. */
  stems_over_http?: boolean;
  /** Ours: memory events on this socket. Default false. */
  watch_memory?: boolean;
  /** Ours: params_update holds only what changed. Default false. */
  compact?: boolean;
}

/** First text frame of an upload channel. */
export interface UploadTrack {
  type: "upload_track";
  /** Default "upload". */
  name?: string;
  /** Overrides what analysis finds. */
  key?: string;
  time_signature?: TimeSignature;
  /** Ours: owner of the track. */
  client_id?: string;
  /** Ours: comes back in the answer. */
  request_id?: string;
}

/** Knobs and playhead; every 8 ms while playing. */
export interface Params {
  type: "params";
  /** All knobs, or those that changed. Default {}. */
  raw?: Partial<KnobValues> & Record<string, unknown>;
  /** s in the buffer; absent: as before. 0 to 1000000000.0. */
  playback_pos?: number;
  /** Bytes of slices received so far: flow control. 0 to 1e+18. */
  slice_bytes_rx?: number;
  /** Worst lead of a slice before the playhead since the last report, s. -1000000.0 to 1000000.0. */
  slice_lead_s?: number;
  /** s of the client's clock. -1e+18 to 1e+18. */
  client_time?: number;
  /** Ours: comes back in the answer. */
  request_id?: string;
}

/** Arms a band; without both ends, or with end before start, clears it. */
export interface LoopBand {
  type: "loop_band";
  /** 0 to 1000000000.0. */
  start_sec?: number;
  /** 0 to 1000000000.0. */
  end_sec?: number;
  /** Ours: comes back in the answer. */
  request_id?: string;
}

/** New prompt A, and B if given; without B, B becomes A. */
export interface Prompt {
  type: "prompt";
  tags: string;
  tags_b?: string;
  /** For this prompt alone. */
  key?: string;
  /** Stays. */
  time_signature?: TimeSignature;
  /** Ours: comes back in the answer. */
  request_id?: string;
}

/** From A to B. */
export interface PromptBlend {
  type: "set_prompt_blend";
  /** 0 to 1. Default 0.0. */
  value?: number;
  /** Ours: comes back in the answer. */
  request_id?: string;
}

/** Pipeline depth; the session clamps to what it can. */
export interface SetDepth {
  type: "set_depth";
  /** 1 to 64. */
  value: number;
  /** Ours: comes back in the answer. */
  request_id?: string;
}

/** Lands at its strength in one step. */
export interface EnableLora {
  type: "enable_lora";
  id: string;
  /** Absent: what its maker recommends, or 1. 0 to 2. */
  strength?: number;
  /** Ours: comes back in the answer. */
  request_id?: string;
}

export interface DisableLora {
  type: "disable_lora";
  id: string;
  /** Ours: comes back in the answer. */
  request_id?: string;
}

/** 0: silence as reference, 1: the reference itself. */
export interface TimbreStrength {
  type: "set_timbre_strength";
  /** 0 to 1. Default 1.0. */
  value?: number;
  /** Ours: comes back in the answer. */
  request_id?: string;
}

/** The clip that follows becomes the timbre reference. */
export interface TimbreSource {
  type: "set_timbre_source";
  /** Default "timbre". */
  name?: string;
  /** Ours: comes back in the answer. */
  request_id?: string;
}

/** A track of the library becomes the timbre reference. */
export interface TimbreFixture {
  type: "set_timbre_fixture";
  /** Default "". */
  name?: string;
  /** Ours: comes back in the answer. */
  request_id?: string;
}

/** Back to the timbre of the source itself. */
export interface ClearTimbre {
  type: "clear_timbre_source";
  /** Ours: comes back in the answer. */
  request_id?: string;
}

/** The clip that follows becomes the structure reference. */
export interface StructureSource {
  type: "set_structure_source";
  /** Default "structure". */
  name?: string;
  /** Ours: comes back in the answer. */
  request_id?: string;
}

/** A track of the library becomes the structure reference. */
export interface StructureFixture {
  type: "set_structure_fixture";
  /** Default "". */
  name?: string;
  /** Ours: comes back in the answer. */
  request_id?: string;
}

/** Back to the structure of the source itself. */
export interface ClearStructure {
  type: "clear_structure_source";
  /** Ours: comes back in the answer. */
  request_id?: string;
}

/** Another track, while the old one plays on until it is ready. */
export interface SwapSource {
  type: "swap_source";
  /** New prompt A. */
  tags?: string;
  key?: string;
  time_signature?: TimeSignature;
  /** Label, or the name to load. */
  fixture_name?: string;
  stem_source_mode?: StemMode;
  /** Load fixture_name; no PCM follows. Default false. */
  use_server_source?: boolean;
  /** Ours: comes back in the answer. */
  request_id?: string;
}

/** Ours: memory events on this socket, or no more of them. */
export interface WatchMemory {
  type: "watch_memory";
  /** Default true. */
  on?: boolean;
  /** Ours: comes back in the answer. */
  request_id?: string;
}

/** Once, after set-up; the buffer is the next frame. */
export interface Ready {
  type: "ready";
  /** Of the buffer, s. */
  duration: number;
  sample_rate: number;
  channels: number;
  lora_dir: string;
  lora_catalog: LoraEntry[];
  lora_pending_enable: string[];
  bpm: number;
  key: string;
  time_signature: string;
  checkpoint: string;
  /** 2B, 5B. */
  checkpoint_scale: string | null;
  pipeline_depth: number;
  max_pipeline_depth: number;
  session_id: string;
  /** Ours. */
  protocol_version: number;
  /** Ours. */
  server: string;
  /** Ours: takes this session up again after a lost connection. */
  resume_token?: string;
  /** Ours: the state that was taken up again; absent in a new session. */
  resumed?: Snapshot;
}

/** Set-up failed; a close with 1011 follows. */
export interface InitError {
  type: "error";
  code: string;
  message: string;
  build_command?: string;
  duration_s?: number;
  /** Ours: what to do. */
  hint?: string;
  /** Ours. */
  required_bytes?: number;
  /** Ours. */
  available_bytes?: number;
}

/** Ours: the session failed while it ran; a close with 1011 follows. */
export interface RuntimeError {
  type: "error";
  code: string;
  message: string;
}

/** What the engine plays with, after a slice. */
export interface ParamsUpdate {
  type: "params_update";
  params: Record<string, unknown>;
}

/** Knobs that the control bus asks the client to move. */
export interface ParamsEcho {
  type: "params_echo";
  raw: Record<string, unknown>;
}

/** The same for the blend. */
export interface PromptBlendEcho {
  type: "prompt_blend_echo";
  value: number;
}

/** The prompt is live. */
export interface PromptApplied {
  type: "prompt_applied";
  /** Prompt A as it came. */
  tags: string;
  /** Ours: comes back in the answer. */
  request_id?: string;
}

/** After enables or disables were applied. */
export interface LoraCatalog {
  type: "lora_catalog";
  catalog: LoraEntry[];
  /** Ours: comes back in the answer. */
  request_id?: string;
}

/** The depth has changed. */
export interface DepthApplied {
  type: "depth_applied";
  value: number;
  /** Ours: comes back in the answer. */
  request_id?: string;
}

/** Another source plays; its buffer is the next frame. */
export interface SwapReady {
  type: "swap_ready";
  duration: number;
  sample_rate: number;
  channels: number;
  bpm: number;
  key: string;
  time_signature: string;
  fixture_name: string | null;
  /** Ours: comes back in the answer. */
  request_id?: string;
}

/** The old source plays on. */
export interface SwapFailed {
  type: "swap_failed";
  error: string;
  build_command?: string;
  /** Ours: comes back in the answer. */
  request_id?: string;
}

/** As many buffers follow as stems has entries. */
export interface StemAssets {
  type: "stem_assets";
  fixture_name: string;
  sample_rate: number;
  channels: number;
  /** Samples per channel. */
  frames: number;
  stems: string[];
  /** Absent is written as "": a late push that changes no mode. */
  source_mode: StemMode | "";
}

/** Ours: stems to be fetched by HTTP, for clients that asked for that. */
export interface StemLinks {
  type: "stem_links";
  fixture_name: string;
  /** Path on this server. */
  vocals: string;
  instruments: string;
  source_mode: StemMode | "";
}

/** No stems, but the track plays. */
export interface StemFailed {
  type: "stem_failed";
  fixture_name: string;
  error: string;
}

export interface TimbreSet {
  type: "timbre_set";
  name: string;
  /** After capping, s. */
  duration: number;
  /** Ours: comes back in the answer. */
  request_id?: string;
}

export interface TimbreCleared {
  type: "timbre_cleared";
  /** Ours: comes back in the answer. */
  request_id?: string;
}

/** The previous reference stays. */
export interface TimbreFailed {
  type: "timbre_failed";
  error: string;
  /** Ours: comes back in the answer. */
  request_id?: string;
}

export interface StructureSet {
  type: "structure_set";
  name: string;
  /** Before fitting, s. */
  duration: number;
  /** Ours: comes back in the answer. */
  request_id?: string;
}

export interface StructureCleared {
  type: "structure_cleared";
  /** Ours: comes back in the answer. */
  request_id?: string;
}

export interface StructureFailed {
  type: "structure_failed";
  error: string;
  /** Ours: comes back in the answer. */
  request_id?: string;
}

/** The track can be played; stems may follow. */
export interface UploadOk {
  type: "upload_ok";
  /** The name it got. */
  name: string;
  bpm: number;
  key: string;
  time_signature: string;
  duration_s: number;
  samples: number;
  stems_pending: boolean;
  /** Ours. */
  track_id?: string;
  /** Ours: comes back in the answer. */
  request_id?: string;
}

/** Nothing was kept. */
export interface UploadFailed {
  type: "upload_failed";
  error: string;
  /** Ours: quota, disk_full, too_short, too_long, bad_frame, memory_refused, internal. */
  code?: string;
  /** Ours: comes back in the answer. */
  request_id?: string;
}

/** Ours: a command that was not carried out. */
export interface CommandFailed {
  type: "command_failed";
  command: string;
  /** Path of the member at fault; empty: the whole. */
  field: string;
  error: string;
  /** Ours: comes back in the answer. */
  request_id?: string;
}

/** Ours: something of a message was ignored. */
export interface Warning {
  type: "warning";
  command: string;
  field: string;
  message: string;
}

/** Ours: the session lives although no slices come. */
export interface Heartbeat {
  type: "heartbeat";
  paused: boolean;
}

/** Ours: what the device holds, for those who watch. */
export interface Memory {
  type: "memory";
  /** As GET /v1/memory. */
  map: Record<string, unknown>;
}

export type Command =
  | Params
  | LoopBand
  | Prompt
  | PromptBlend
  | SetDepth
  | EnableLora
  | DisableLora
  | TimbreStrength
  | TimbreSource
  | TimbreFixture
  | ClearTimbre
  | StructureSource
  | StructureFixture
  | ClearStructure
  | SwapSource
  | WatchMemory;

export type Event =
  | Ready
  | InitError
  | RuntimeError
  | ParamsUpdate
  | ParamsEcho
  | PromptBlendEcho
  | PromptApplied
  | LoraCatalog
  | DepthApplied
  | SwapReady
  | SwapFailed
  | StemAssets
  | StemLinks
  | StemFailed
  | TimbreSet
  | TimbreCleared
  | TimbreFailed
  | StructureSet
  | StructureCleared
  | StructureFailed
  | UploadOk
  | UploadFailed
  | CommandFailed
  | Warning
  | Heartbeat
  | Memory;

/** A binary slice after its header was read. */
export interface SliceHeader {
  flags: number;
  start: number;
  samples: number;
  channels: number;
  tickMs: number;
  decodeMs: number;
  generations: number;
}

export const HTTP: readonly { method: string; path: string; doc: string }[] = [
  {"method": "GET", "path": "/api/server-info", "doc": "Capabilities, warm-up, tracks that the server can load; readable from any origin."},
  {"method": "GET", "path": "/api/loras", "doc": "LoRAs that there are."},
  {"method": "GET", "path": "/api/knobs", "doc": "The knob catalogue of this page."},
  {"method": "GET", "path": "/api/videos", "doc": "Background videos."},
  {"method": "GET", "path": "/api/fixtures", "doc": "Names of built-in tracks."},
  {"method": "GET", "path": "/api/user_uploads", "doc": "Names of uploaded tracks."},
  {"method": "GET", "path": "/fixtures/{name}", "doc": "Audio of a built-in track."},
  {"method": "GET", "path": "/user_uploads/{name}", "doc": "Audio of an uploaded track."},
  {"method": "GET", "path": "/user_uploads/{name}/stems/{stem}", "doc": "Ours: a stem as WAV."},
  {"method": "GET", "path": "/videos/{name}", "doc": "A background video."},
  {"method": "GET", "path": "/healthz", "doc": "Ours: the process answers."},
  {"method": "GET", "path": "/readyz", "doc": "Ours: warm, and can take a session now."},
  {"method": "GET", "path": "/metrics", "doc": "Ours: Prometheus text."},
  {"method": "GET", "path": "/v1/memory", "doc": "Ours: ledger, residency and recent events."},
  {"method": "POST", "path": "/v1/tracks", "doc": "Ours: upload of a WAV, FLAC, OGG, Opus or MP3 file."},
  {"method": "GET", "path": "/v1/tracks", "doc": "Ours: the library."},
  {"method": "DELETE", "path": "/v1/tracks/{name}", "doc": "Ours: removes an uploaded track."},
];
