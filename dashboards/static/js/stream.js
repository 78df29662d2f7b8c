// The one stream of the page. The browser reconnects by itself while the server refuses the connection; after an
// HTTP error it gives up, and then we try again.

const AGAIN_MS = 3000;

/** Listen until the page is left: `onMessage(data, whole)` for each message, `onLost()` when the stream breaks. */
export function listen(onMessage, onLost) {
  const source = new EventSource("/api/stream");
  source.addEventListener("full", (event) => onMessage(JSON.parse(event.data), true));
  source.addEventListener("delta", (event) => onMessage(JSON.parse(event.data), false));
  source.addEventListener("error", () => {
    onLost();
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen(onMessage, onLost), AGAIN_MS);
  });
}
