// What the three threads of the player say to each other: main (player.ts), worker (deck.worker.ts), which
// decodes, and worklet (deck.worklet.ts), which sounds.
import type { Band } from './deck';

/** Main to worker. Audio arrives here, in the order of the wire. */
export type ToWorker =
  | { type: 'attach'; port: MessagePort }
  | {
      type: 'buffer';
      epoch: number;
      bytes: Uint8Array<ArrayBuffer>;
      channels: number;
      restart: boolean;
      band: Band | null;
    }
  | { type: 'slice'; epoch: number; bytes: Uint8Array<ArrayBuffer> }
  /** Whether to keep an eye on loudness, block by block. */
  | { type: 'weigh'; on: boolean }
  | { type: 'stems'; epoch: number; names: string[]; buffers: Uint8Array<ArrayBuffer>[]; channels: number }
  | { type: 'clips'; epoch: number; names: string[]; samples: Float32Array<ArrayBuffer>[]; channels: number };

/** Of a slice that was decoded: where it belongs, in samples, and what the server says of it. */
export interface SliceFacts {
  start: number;
  frames: number;
  tickMs: number;
  decodeMs: number;
  generations: number;
  bytes: number;
}

/** Worker to main: what there is to draw and to tell. */
export type FromWorker =
  | {
      type: 'buffer';
      epoch: number;
      frames: number;
      channels: number;
      peaks: Float32Array;
      peak: number;
    }
  /** Loudness by blocks; `whole` of a new buffer, so of the source. */
  | { type: 'powers'; firstBlock: number; powers: Float32Array; whole: boolean }
  | (SliceFacts & { type: 'slice'; epoch: number; firstBin: number; peaks: Float32Array })
  | { type: 'stems'; names: string[]; peaks: Float32Array[] }
  | { type: 'damaged'; text: string };

/** Worker to worklet. */
export type Audio =
  | {
      type: 'buffer';
      epoch: number;
      samples: Float32Array;
      channels: number;
      original: Uint16Array;
      restart: boolean;
      band: Band | null;
    }
  | { type: 'patch'; epoch: number; start: number; samples: Float32Array; add: boolean }
  | { type: 'stems'; epoch: number; names: string[]; words: Uint16Array[]; channels: number };

/** Main to worklet. */
export type Control =
  | { type: 'attach'; port: MessagePort }
  | { type: 'play'; on: boolean }
  | { type: 'loop'; on: boolean }
  | { type: 'seek'; frame: number }
  | { type: 'band'; band: Band | null }
  | { type: 'layer'; name: string; gain: number }
  | { type: 'original'; gain: number }
  | { type: 'resumed' };

/** Worklet to main, some tens of times a second. */
export interface Report {
  type: 'report';
  position: number;
  /** Of the audio clock, in seconds, when `position` sounds. */
  time: number;
  playing: boolean;
  ended: boolean;
  epoch: number;
  dropouts: number;
  lostMs: number;
  /** Patches of a buffer that is gone. */
  stale: number;
}
