// The world around a session: sockets, audio, time, chance. Tests bring their own.
import type { Band } from '../player/deck';
import type { Pcm } from '../wire/frames';
import type { Arrival } from '../wire/inbox';
import type { ClientMessage, SessionConfig } from '../wire/messages';
import type { Track } from './desk';
import type { Signal } from './signal';

export interface Link {
  readonly ready: boolean;
  readonly bytesReceived: number;
  send(message: ClientMessage, audio?: Pcm): boolean;
  close(): void;
}

export interface LinkEvents {
  arrival(arrival: Arrival): void;
  closed(code: number, reason: string): void;
}

export interface Ports {
  open(config: SessionConfig, source: Pcm | null, events: LinkEvents): Link;
  /** Audio of a track that the server cannot load by name at a start; null when it can. */
  source(track: Track): Promise<Pcm | null>;
  /** A stem by its path on the server. */
  stem(path: string): Promise<Pcm>;
  after(ms: number, act: () => void): () => void;
  dice(): number;
  now(): number;
}

/** Of the player, what a session needs. */
export interface Turntable {
  load(
    epoch: number,
    bytes: Uint8Array,
    channels: number,
    keep: { position: boolean; band: Band | null },
  ): void;
  slice(epoch: number, bytes: Uint8Array): void;
  stems(epoch: number, names: string[], buffers: Uint8Array[], channels: number): void;
  /** Stems that came as files. */
  clips(epoch: number, names: string[], parts: Pcm[]): void;
  readonly seconds: number;
  readonly frames: number;
  readonly band: Signal<Band | null>;
}
