// A world for a session: a simulated clock, a server of frames, a turntable that notes what it was given.
import type { Band } from '../src/player/deck';
import { Desk } from '../src/state/desk';
import type { Link, LinkEvents, Ports, Turntable } from '../src/state/ports';
import { type Notice, Session } from '../src/state/session';
import { Signal } from '../src/state/signal';
import type { Pcm } from '../src/wire/frames';
import { Inbox } from '../src/wire/inbox';
import type { ClientMessage, SessionConfig } from '../src/wire/messages';
import { json } from './golden';

export const messages = json('messages.json');

export class Wire implements Link {
  readonly sent: { message: ClientMessage; audio: Pcm | undefined }[] = [];
  bytesReceived = 0;
  over = false;
  private readonly inbox: Inbox;

  constructor(
    readonly config: SessionConfig,
    readonly source: Pcm | null,
    private readonly events: LinkEvents,
  ) {
    this.inbox = new Inbox((arrival) => events.arrival(arrival));
  }

  get ready(): boolean {
    return this.inbox.ready;
  }

  send(message: ClientMessage, audio?: Pcm): boolean {
    if (this.over || !this.ready) return false;
    this.sent.push({ message, audio });
    return true;
  }

  close(): void {
    this.over = true;
  }

  say(message: unknown, ...buffers: Uint8Array[]): void {
    this.inbox.text(JSON.stringify(message));
    for (const buffer of buffers) this.inbox.binary(buffer);
  }

  binary(bytes: Uint8Array): void {
    this.inbox.binary(bytes);
  }

  ready2s(): void {
    this.say(messages.ready, new Uint8Array(384000));
  }

  drop(code: number, reason = ''): void {
    this.over = true;
    this.events.closed(code, reason);
  }

  of<T extends ClientMessage['type']>(type: T): Extract<ClientMessage, { type: T }>[] {
    return this.sent.filter(({ message }) => message.type === type).map(({ message }) => message) as never;
  }
}

export class World {
  now = 0;
  readonly wires: Wire[] = [];
  readonly notices: Notice[] = [];
  readonly desk = new Desk();
  readonly loads: { epoch: number; position: boolean; band: Band | null }[] = [];
  readonly slices: number[] = [];
  readonly stems: { epoch: number; names: string[] }[] = [];
  readonly table: Turntable = {
    seconds: 0.5,
    frames: 96000,
    band: new Signal<Band | null>(null),
    load: (epoch, _bytes, _channels, { position, band }) => {
      this.loads.push({ epoch, position, band });
      this.table.band.set(band);
    },
    slice: (epoch) => this.slices.push(epoch),
    stems: (epoch, names) => this.stems.push({ epoch, names }),
    clips: (epoch, names) => this.stems.push({ epoch, names }),
  };
  readonly session: Session;
  private timers: { at: number; act: () => void }[] = [];
  serverHas = true;

  constructor() {
    this.desk.track.set({ name: 'song.wav', kind: 'upload', mode: 'full' });
    const ports: Ports = {
      open: (config, source, events) => {
        const wire = new Wire(config, source, events);
        this.wires.push(wire);
        return wire;
      },
      source: async () => (this.serverHas ? null : { channels: 2, samples: new Float32Array(19200) }),
      stem: async () => ({ channels: 2, samples: new Float32Array(19200) }),
      after: (ms, act) => {
        const timer = { at: this.now + ms, act };
        this.timers.push(timer);
        return () => {
          this.timers = this.timers.filter((one) => one !== timer);
        };
      },
      dice: () => 0.5,
      now: () => this.now,
    };
    this.session = new Session(this.desk, this.table, ports, 'me');
    this.session.onNotice = (notice) => this.notices.push(notice);
  }

  get wire(): Wire {
    return this.wires[this.wires.length - 1]!;
  }

  /** Lets time pass, and promises settle. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      await settle();
      const next = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.timers = this.timers.filter((timer) => timer !== next);
      this.now = next.at;
      next.act();
    }
    this.now = end;
    await settle();
  }

  async live(): Promise<Wire> {
    void this.session.connect();
    await this.pass(0);
    this.wire.ready2s();
    return this.wire;
  }
}

const settle = async () => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};
