// One main session's socket, from its configuration to its close. It does not come back by itself: whoever
// made it decides that (state/session.ts).
import { encodePcm, type Pcm } from './frames';
import { type Arrival, Inbox } from './inbox';
import type { ClientMessage, SessionConfig } from './messages';

export interface ConnectionEvents {
  arrival(arrival: Arrival): void;
  closed(code: number, reason: string): void;
}

/** Above this, positions and knobs wait: what is queued would only be late. */
const BACKLOG_BYTES = 256 * 1024;

export class Connection {
  readonly socket: WebSocket;
  bytesReceived = 0;
  private readonly inbox: Inbox;
  private over = false;

  constructor(
    url: string,
    config: SessionConfig,
    source: Pcm | null,
    private readonly events: ConnectionEvents,
  ) {
    this.inbox = new Inbox((arrival) => this.arrived(arrival));
    this.socket = new WebSocket(url);
    this.socket.binaryType = 'arraybuffer';
    this.socket.onopen = () => {
      this.socket.send(JSON.stringify(config));
      if (source) this.socket.send(encodePcm(source));
    };
    this.socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
      if (this.over) return;
      if (typeof event.data === 'string') {
        this.inbox.text(event.data);
      } else {
        this.bytesReceived += event.data.byteLength;
        this.inbox.binary(new Uint8Array(event.data));
      }
    };
    this.socket.onclose = (event) => this.end(event.code, event.reason);
  }

  get ready(): boolean {
    return this.inbox.ready;
  }

  /** False when the message was not sent: no session yet, none any more, or a full line. */
  send(message: ClientMessage, audio?: Pcm): boolean {
    if (this.over || !this.inbox.ready || this.socket.readyState !== WebSocket.OPEN) return false;
    if (message.type === 'params' && this.socket.bufferedAmount > BACKLOG_BYTES) return false;
    this.socket.send(JSON.stringify(message));
    if (audio) this.socket.send(encodePcm(audio));
    return true;
  }

  /** Ends it quietly: no event follows. */
  close(): void {
    this.over = true;
    this.socket.close(1000);
  }

  private arrived(arrival: Arrival): void {
    this.events.arrival(arrival);
    if (arrival.kind === 'broken') {
      this.socket.close(1000);
      this.end(1002, arrival.text);
    }
  }

  private end(code: number, reason: string): void {
    if (this.over) return;
    this.over = true;
    this.events.closed(code, reason);
  }
}
