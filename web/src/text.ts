// Numbers and names as people read them.

/** "2:05.3". */
export function clockText(seconds: number, tenths = false): string {
  const whole = Math.max(0, seconds);
  const minutes = Math.floor(whole / 60);
  const rest = whole - minutes * 60;
  const text = tenths ? (Math.floor(rest * 10) / 10).toFixed(1) : String(Math.floor(rest));
  return `${minutes}:${text.padStart(tenths ? 4 : 2, '0')}`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function bytesText(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** A track's name as people say it: without the extension, the key token of a fixture and the underscores. */
export function trackTitle(name: string): string {
  const bare = name.replace(/\.(wav|mp3|flac|ogg|m4a|opus|aiff?)$/i, '').replace(/_[a-g][snf]?[mM]$/, '');
  return bare.replace(/_/g, ' ').trim() || name;
}
