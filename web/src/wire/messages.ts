// The messages by the names that the client uses; all of them are made from the server's schema.
import type { Command, Event, StemMode } from '../wire.gen';

export type {
  LoraEntry,
  Ready,
  SessionConfig,
  Snapshot,
  StemAssets,
  StemLinks,
  SwapReady,
  UploadOk,
} from '../wire.gen';
export type SourceMode = StemMode;
export type ClientMessage = Command;
export type ServerMessage = Event;

/** GET /api/server-info. */
export interface ServerInfo {
  /** Ours says "headroom". */
  server?: string;
  no_backend: boolean;
  kiosk?: boolean;
  warmup: null | { done: boolean; error: string | null; seconds: number | null };
  server_side_fixtures: string[];
}
