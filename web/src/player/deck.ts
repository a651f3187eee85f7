// The record on the turntable: a buffer that is rewritten while it plays. Everything that decides which
// sample sounds next is here, without a browser around it; the worklet is a shell (deck.worklet.ts).

import { halfTable } from '../wire/half';
import { applySamples } from '../wire/slices';

/** Frames of the fade from an old buffer to a new one: 25 ms. */
export const SWAP_FADE = 1200;
/** Frames of the loop's seam, at most a quarter of the buffer: 50 ms. */
export const SEAM = 2400;
/** Frames in which a jump of the playhead, a patch under it and a stop are smoothed: 5 ms. */
export const DECLICK = 240;
/** Shortest loop band: 30 ms. */
export const SHORTEST_BAND = 1440;
/** A level that nobody hears. */
const SILENT = 1e-4;
/** Per frame, for a time constant of 25 ms. */
const GLIDE = 1 - Math.exp(-1 / (0.025 * 48000));

export interface Band {
  start: number;
  end: number;
}

/** Half-precision audio that sounds beside the buffer, or in its place. */
export interface Layer {
  words: Uint16Array;
  channels: number;
  /** What `gain` glides to. */
  target: number;
  gain: number;
}

interface Tail {
  samples: Float32Array;
  frames: number;
  position: number;
  left: number;
}

const silence = () => new Float32Array(0);

export class Deck {
  /** Of the buffer: patches of another one are dropped. Set by whoever sends buffers, never counted here. */
  epoch = -1;
  channels = 2;
  frames = 0;
  /** Frame that sounds next. */
  position = 0;
  playing = false;
  looping = true;
  /** With looping off: the end was reached and told. */
  ended = false;
  band: Band | null = null;
  samples: Float32Array = silence();
  readonly layers = new Map<string, Layer>();
  /** The buffer as it arrived, to compare with. */
  readonly original: Layer = { words: new Uint16Array(0), channels: 2, target: 0, gain: 0 };

  private level = 0;
  private old: Tail | null = null;
  private ghost = 0;
  private ghostLeft = 0;
  private readonly soft = new Float32Array(DECLICK * 2);
  private softLeft = 0;
  private readonly values = halfTable();

  get seam(): number {
    return Math.min(SEAM, this.frames >> 2);
  }

  /** Levels of layers outlive the buffer; their audio does not. */
  load(
    epoch: number,
    samples: Float32Array,
    channels: number,
    original: Uint16Array,
    restart: boolean,
  ): void {
    if (this.frames > 0 && this.level > 0) {
      this.old = { samples: this.samples, frames: this.frames, position: this.position, left: SWAP_FADE };
      if (this.channels !== channels) this.old = null;
    }
    this.epoch = epoch;
    this.samples = samples;
    this.channels = channels;
    this.frames = samples.length / channels;
    this.original.words = original;
    this.original.channels = channels;
    this.band = null;
    this.ghostLeft = 0;
    this.softLeft = 0;
    this.ended = false;
    this.position = restart || this.frames === 0 ? 0 : this.position % this.frames;
    for (const layer of this.layers.values()) layer.words = new Uint16Array(0);
  }

  /** False when it belongs to another buffer. */
  patch(epoch: number, start: number, samples: Float32Array, add: boolean): boolean {
    if (epoch !== this.epoch) return false;
    const before = this.level > 0 ? this.ahead() : null;
    applySamples(this.samples, this.channels, start, samples, add);
    if (before) this.soften(before);
    return true;
  }

  setLayer(name: string, words: Uint16Array, channels: number): void {
    const layer = this.layers.get(name) ?? { words, channels, target: 0, gain: 0 };
    layer.words = words;
    layer.channels = channels;
    layer.gain = 0;
    this.layers.set(name, layer);
  }

  setLayerGain(name: string, target: number): void {
    const layer = this.layers.get(name);
    if (layer) layer.target = target;
    else this.layers.set(name, { words: new Uint16Array(0), channels: 2, target, gain: 0 });
  }

  seek(frame: number): void {
    this.ended = false;
    this.jump(Math.max(0, Math.min(this.frames - 1, Math.round(frame))));
  }

  setBand(band: Band | null): void {
    if (band && (band.end > this.frames || band.start < 0 || band.end - band.start < SHORTEST_BAND)) return;
    this.band = band;
    if (band && (this.position < band.start || this.position >= band.end)) this.jump(band.start);
  }

  play(on: boolean): void {
    if (on && this.ended) this.seek(0);
    this.playing = on;
  }

  /** Writes `left.length` frames. True when the end was reached in them, with looping off. */
  render(left: Float32Array, right: Float32Array): boolean {
    let reached = false;
    for (let i = 0; i < left.length; i++) {
      const moving = this.step();
      if (moving && !this.looping && !this.band && this.position >= this.frames) {
        reached ||= !this.ended;
        this.ended = true;
        this.playing = false;
        this.level = 0;
      }
      if (this.level === 0 || this.frames === 0) {
        left[i] = 0;
        right[i] = 0;
        continue;
      }
      left[i] = this.sound(0) * this.level;
      right[i] = this.sound(1) * this.level;
      this.advance();
    }
    return reached;
  }

  /** The level follows the play switch without a click. */
  private step(): boolean {
    const target = this.playing && this.frames > 0 ? 1 : 0;
    if (this.level < target) this.level = Math.min(1, this.level + 1 / DECLICK);
    else if (this.level > target) this.level = Math.max(0, this.level - 1 / DECLICK);
    if (this.level < 1e-6) this.level = 0;
    this.original.gain += (this.original.target - this.original.gain) * GLIDE;
    for (const layer of this.layers.values()) {
      layer.gain += (layer.target - layer.gain) * GLIDE;
      if (layer.target === 0 && layer.gain < SILENT / 10) layer.gain = 0;
    }
    return this.level > 0;
  }

  private sound(channel: number): number {
    let value = this.at(this.position, channel);
    if (this.ghostLeft > 0) {
      const part = this.ghostLeft / DECLICK;
      value = value * (1 - part) + this.at(this.ghost, channel) * part;
    }
    if (this.softLeft > 0) value += this.soft[(DECLICK - this.softLeft) * 2 + channel]!;
    if (this.old) {
      const { samples, frames, position, left } = this.old;
      const part = left / SWAP_FADE;
      const c = Math.min(channel, this.channels - 1);
      value = value * (1 - part) + samples[(position % frames) * this.channels + c]! * part;
    }
    if (this.original.gain > SILENT) {
      value = value * (1 - this.original.gain) + this.layerAt(this.original, channel) * this.original.gain;
    }
    for (const layer of this.layers.values()) {
      if (layer.gain > SILENT) value += this.layerAt(layer, channel) * layer.gain;
    }
    return value;
  }

  /** The buffer at a frame; near the end of a loop, mixed with its beginning. */
  private at(frame: number, channel: number): number {
    const c = Math.min(channel, this.channels - 1);
    const value = this.samples[frame * this.channels + c]!;
    const seam = this.seam;
    const into = frame - (this.frames - seam);
    if (!this.looping || this.band || into < 0) return value;
    const part = into / seam;
    return value * (1 - part) + this.samples[into * this.channels + c]! * part;
  }

  private layerAt(layer: Layer, channel: number): number {
    const { words, channels } = layer;
    const frames = words.length / channels;
    if (this.position >= frames) return 0;
    const c = Math.min(channel, channels - 1);
    const value = this.values[words[this.position * channels + c]!]!;
    const seam = this.seam;
    const into = this.position - (this.frames - seam);
    if (!this.looping || this.band || into < 0) return value;
    const part = into / seam;
    return value * (1 - part) + this.values[words[into * channels + c]!]! * part;
  }

  private advance(): void {
    this.position++;
    if (this.softLeft > 0) this.softLeft--;
    if (this.ghostLeft > 0) {
      this.ghostLeft--;
      this.ghost = (this.ghost + 1) % this.frames;
    }
    if (this.old) {
      this.old.position++;
      if (--this.old.left <= 0) this.old = null;
    }
    if (this.band) {
      if (this.position >= this.band.end) this.jump(this.band.start);
    } else if (this.looping && this.position >= this.frames) {
      // The head was heard already, mixed into the tail.
      this.position = this.seam;
    }
  }

  /** Elsewhere, while what would have sounded dies away. */
  private jump(frame: number): void {
    if (this.level > 0 && this.frames > 0) {
      this.ghost = this.position % this.frames;
      this.ghostLeft = DECLICK;
    }
    this.softLeft = 0;
    this.position = frame;
  }

  private ahead(): Float32Array {
    const next = new Float32Array(DECLICK * 2);
    const count = Math.min(DECLICK, this.frames - this.position);
    for (let i = 0; i < count; i++) {
      next[i * 2] = this.at(this.position + i, 0);
      next[i * 2 + 1] = this.at(this.position + i, 1);
    }
    return next;
  }

  /** A patch under the playhead: what changed there comes in over the next frames, in what sounds only. */
  private soften(before: Float32Array): void {
    const after = this.ahead();
    const shift = (DECLICK - this.softLeft) * 2;
    for (let i = 0; i < DECLICK; i++) {
      for (let c = 0; c < 2; c++) {
        const at = i * 2 + c;
        const rest = at + shift < DECLICK * 2 ? this.soft[at + shift]! : 0;
        this.soft[at] = rest + (before[at]! - after[at]!) * (1 - i / DECLICK);
      }
    }
    this.softLeft = DECLICK;
  }
}
