// Everything that was set, as a file: the shape that DEMON's client writes and reads, so files go both ways.
import { CURVE_KNOBS, type Curve, isCurve } from './curves';
import type { Desk, Track } from './desk';
import { inRange, KNOBS, type KnobValue, loraKnob, STRONGEST_LORA } from './knobs';

export interface ConfigFile {
  engine: {
    depth: number;
    key: string | null;
    time_signature: string | null;
    enabled_loras: { name: string; strength: number }[];
    auto_prepend_lora_triggers: boolean;
  };
  prompts: { a: string; b: string; blend: number };
  controls: Record<string, KnobValue>;
  seed: number;
  restart_song_on_swap: boolean;
  swap_source_mode: string;
  denoise_session_gate: { enabled: boolean; glide_ms: number };
  curves: Record<string, Curve>;
  inputs?: { track: { kind: 'fixture' | 'upload'; name: string; sourceMode: string } | null };
}

const GLIDE_MS = 700;

export function exportConfig(desk: Desk, withTrack: boolean): ConfigFile {
  const controls: Record<string, KnobValue> = { timbre_strength: desk.timbreStrength.get() };
  for (const knob of KNOBS) if (knob.name !== 'seed') controls[knob.name] = desk.knob(knob.name).get();
  const loras = desk
    .enabledLoras()
    .map((name) => ({ name, strength: desk.loras.get().get(name)?.strength ?? 1 }));
  const track = desk.track.get();
  return {
    engine: {
      depth: desk.depth.get().value,
      key: desk.key.get(),
      time_signature: desk.timeSignature.get(),
      enabled_loras: loras,
      auto_prepend_lora_triggers: desk.triggerWords.get(),
    },
    prompts: { a: desk.promptA.get(), b: desk.promptB.get(), blend: desk.blend.get() },
    controls,
    seed: desk.number('seed'),
    restart_song_on_swap: desk.restartOnSwap.get(),
    swap_source_mode: track?.mode ?? 'full',
    denoise_session_gate: { enabled: desk.sourceFirst.get(), glide_ms: GLIDE_MS },
    curves: Object.fromEntries([...desk.curves].map(([name, curve]) => [name, curve.get()])),
    ...(withTrack
      ? { inputs: { track: track ? { kind: track.kind, name: track.name, sourceMode: track.mode } : null } }
      : {}),
  };
}

/** What was not taken, in words. */
export interface Imported {
  complaints: string[];
  loras: { name: string; strength: number }[];
  depth: number | null;
  track: Pick<Track, 'name' | 'mode'> | null;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Sets what the file says and leaves the rest. Throws Error for what is no configuration at all. */
export function importConfig(text: string, desk: Desk): Imported {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    throw new Error('This file is not JSON. Choose one that was exported here.');
  }
  if (!isRecord(file)) throw new Error('This file holds no settings. Choose one that was exported here.');
  const complaints: string[] = [];
  const { prompts, controls, engine, curves } = file;
  if (isRecord(prompts)) importPrompts(prompts, desk);
  if (isRecord(controls))
    importControls({ ...controls, ...('seed' in file ? { seed: file['seed'] } : {}) }, desk, complaints);
  if (isRecord(curves)) importCurves(curves, desk, complaints);
  if (typeof file['restart_song_on_swap'] === 'boolean') desk.restartOnSwap.set(file['restart_song_on_swap']);
  const gate = file['denoise_session_gate'];
  if (isRecord(gate) && typeof gate['enabled'] === 'boolean') desk.sourceFirst.set(gate['enabled']);
  return {
    complaints,
    ...importEngine(isRecord(engine) ? engine : {}, desk),
    track: trackOf(file['inputs']),
  };
}

function importPrompts(prompts: Record<string, unknown>, desk: Desk): void {
  if (typeof prompts['a'] === 'string') desk.promptA.set(prompts['a']);
  if (typeof prompts['b'] === 'string') desk.promptB.set(prompts['b']);
  if (typeof prompts['blend'] === 'number') desk.blend.set(Math.min(1, Math.max(0, prompts['blend'])));
}

function importControls(controls: Record<string, unknown>, desk: Desk, complaints: string[]): void {
  for (const [name, value] of Object.entries(controls)) {
    if (name === 'timbre_strength' && typeof value === 'number') {
      desk.timbreStrength.set(Math.min(1, Math.max(0, value)));
      continue;
    }
    if (name.startsWith(loraKnob(''))) continue;
    const knob = KNOBS.find((one) => one.name === name);
    if (knob?.kind === 'number' && typeof value === 'number') desk.turn(name, inRange(knob, value), 0);
    else if (knob?.kind === 'flag' && typeof value === 'boolean') desk.turn(name, value);
    else if (knob?.kind === 'choice' && knob.options.some((option) => option.value === value))
      desk.turn(name, String(value));
    else complaints.push(`${name}: ${knob ? 'not a value of it' : 'not a control of this client'}`);
  }
}

function importCurves(curves: Record<string, unknown>, desk: Desk, complaints: string[]): void {
  for (const name of CURVE_KNOBS) {
    const curve = curves[name];
    if (curve === undefined) continue;
    if (isCurve(curve)) desk.curves.get(name)!.set(curve);
    else complaints.push(`curves.${name}: not a curve`);
  }
}

function importEngine(engine: Record<string, unknown>, desk: Desk): Pick<Imported, 'loras' | 'depth'> {
  if (typeof engine['key'] === 'string' || engine['key'] === null) desk.key.set(engine['key'] || null);
  const time = engine['time_signature'];
  if (typeof time === 'string' || time === null) desk.timeSignature.set(time || null);
  if (typeof engine['auto_prepend_lora_triggers'] === 'boolean')
    desk.triggerWords.set(engine['auto_prepend_lora_triggers']);
  const listed: unknown[] = Array.isArray(engine['enabled_loras']) ? engine['enabled_loras'] : [];
  const loras = listed.flatMap((lora) => {
    if (typeof lora === 'string') return [{ name: lora, strength: 1 }];
    if (!isRecord(lora) || typeof lora['name'] !== 'string') return [];
    const strength = typeof lora['strength'] === 'number' ? lora['strength'] : 1;
    return [{ name: lora['name'], strength: Math.min(STRONGEST_LORA, Math.max(0, strength)) }];
  });
  return { loras, depth: typeof engine['depth'] === 'number' ? engine['depth'] : null };
}

function trackOf(inputs: unknown): Imported['track'] {
  const track = isRecord(inputs) ? inputs['track'] : null;
  if (!isRecord(track) || typeof track['name'] !== 'string') return null;
  const mode = track['sourceMode'];
  return { name: track['name'], mode: mode === 'vocals' || mode === 'instruments' ? mode : 'full' };
}
