// What arrives on a session's socket, put together: a header that announces buffers becomes one event with
// its buffers. Order alone says which buffer belongs to which header, so this is the one place that counts.
import type { Ready, ServerMessage, StemAssets, SwapReady } from './messages';

export type Arrival =
  | { kind: 'ready'; message: Ready; buffer: Uint8Array }
  | { kind: 'swap'; message: SwapReady; buffer: Uint8Array }
  | { kind: 'stems'; message: StemAssets; buffers: Uint8Array[] }
  | { kind: 'slice'; bytes: Uint8Array }
  | { kind: 'message'; message: ServerMessage }
  /** The stream can no longer be understood: the connection is to be made anew. */
  | { kind: 'broken'; text: string };

type Owed =
  | { kind: 'handshake' }
  | { kind: 'ready'; message: Ready }
  | { kind: 'swap'; message: SwapReady }
  | { kind: 'stems'; message: StemAssets; buffers: Uint8Array[] }
  | { kind: 'nothing' };

export class Inbox {
  private owed: Owed = { kind: 'handshake' };

  constructor(private readonly deliver: (arrival: Arrival) => void) {}

  get ready(): boolean {
    return this.owed.kind !== 'handshake' && this.owed.kind !== 'ready';
  }

  text(text: string): void {
    let message: ServerMessage;
    try {
      message = JSON.parse(text) as ServerMessage;
    } catch {
      this.broken('the server sent a message that is not JSON');
      return;
    }
    if (typeof message !== 'object' || message === null || typeof message.type !== 'string') return;
    if (this.owed.kind === 'ready' || this.owed.kind === 'swap') {
      this.broken(`the server announced a buffer and sent "${message.type}" in its place`);
      return;
    }
    switch (message.type) {
      case 'ready':
        this.owed = { kind: 'ready', message };
        return;
      case 'swap_ready':
        this.owed = { kind: 'swap', message };
        return;
      case 'stem_assets':
        this.owed = message.stems.length > 0 ? { kind: 'stems', message, buffers: [] } : { kind: 'nothing' };
        return;
      case 'stem_failed':
        if (this.owed.kind === 'stems') this.owed = { kind: 'nothing' };
        break;
    }
    this.deliver({ kind: 'message', message });
  }

  binary(bytes: Uint8Array): void {
    const owed = this.owed;
    switch (owed.kind) {
      case 'handshake':
        this.broken('the server sent audio before it was ready');
        return;
      case 'ready':
      case 'swap': {
        const { channels, duration } = owed.message;
        const frames = bytes.byteLength / 2 / channels;
        if (!Number.isInteger(frames) || frames === 0) {
          this.broken(`the server announced ${duration} s of audio and sent ${bytes.byteLength} bytes`);
          return;
        }
        this.owed = { kind: 'nothing' };
        if (owed.kind === 'ready') this.deliver({ kind: 'ready', message: owed.message, buffer: bytes });
        else this.deliver({ kind: 'swap', message: owed.message, buffer: bytes });
        return;
      }
      case 'stems':
        if (bytes.byteLength !== owed.message.frames * owed.message.channels * 2) {
          this.broken(
            `a stem of ${bytes.byteLength} bytes where ${owed.message.frames} frames were announced`,
          );
          return;
        }
        owed.buffers.push(bytes);
        if (owed.buffers.length === owed.message.stems.length) {
          this.owed = { kind: 'nothing' };
          this.deliver({ kind: 'stems', message: owed.message, buffers: owed.buffers });
        }
        return;
      case 'nothing':
        this.deliver({ kind: 'slice', bytes });
    }
  }

  private broken(text: string): void {
    this.deliver({ kind: 'broken', text });
  }
}
