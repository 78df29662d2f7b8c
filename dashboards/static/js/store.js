// What the page knows: the points' descriptions from the API once, their values from the stream.

export const store = {
  points: new Map(), // id -> {value, quality, at, last}
  meta: new Map(), // id -> answer of /api/points
  devices: new Map(), // id -> answer of /api/site
  components: new Map(),
  connections: {},
  health: {},
  alarms: [],
  held: new Map(),
  price: [],
  taken: 0, // points that people have taken over
  decides: null, // who decides: {nb, en}
  at: 0, // site time of the last message [s since 1970]
  speed: 1,
  received: null, // performance.now() of the last message [ms]
};

/** Site time now [s since 1970], running on between messages. */
export function siteNow() {
  return store.received === null ? 0 : store.at + ((performance.now() - store.received) / 1000) * store.speed;
}

/** Wall time since the last message [s]. */
export const silence = () => (store.received === null ? 0 : (performance.now() - store.received) / 1000);

/** Wall time since a point was last good [s]; null before the first time. */
export function ageOf(id) {
  const point = store.points.get(id);
  if (!point || point.at === 0) return null;
  const at = point.at ?? store.connections[store.devices.get(store.meta.get(id).source).connection];
  return Math.max(0, (siteNow() - at) / store.speed);
}

/** Take in a message; returns the ids of the points that changed. */
export function take(message, whole) {
  if (whole) {
    store.points.clear();
    store.held.clear();
  }
  store.at = message.at;
  store.speed = message.speed;
  store.received = performance.now();
  store.connections = message.connections;
  store.health = message.health;
  if (message.alarms) store.alarms = message.alarms;
  if (message.price) store.price = message.price;
  if (message.taken !== undefined) store.taken = message.taken;
  if (message.decides) store.decides = message.decides;
  for (const [id, command] of Object.entries(message.held ?? {})) {
    if (command === null) store.held.delete(id);
    else store.held.set(id, command);
  }
  for (const [id, [value, quality, at, last]] of Object.entries(message.points)) {
    store.points.set(id, { value, quality, at, last: last ?? null });
  }
  return Object.keys(message.points);
}

/** Fetch what does not change while the page is open. */
export async function describe() {
  const [site, points] = await Promise.all([fetchJson("/api/site"), fetchJson("/api/points")]);
  for (const device of site.devices) store.devices.set(device.id, device);
  for (const part of site.components) store.components.set(part.id, part);
  for (const point of points) store.meta.set(point.id, point);
}

/** JSON from the API; throws when it is not to be had. */
export async function fetchJson(path) {
  const response = await fetch(path, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}
