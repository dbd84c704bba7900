// A site of its own, for clients to run in.

import http from 'node:http'

/**
 * Serves a site until the test is over, and returns its address. /script.js is
 * the script; any other path is a page that has it.
 */
export async function site(t, script) {
  const server = http.createServer((request, answer) => {
    const isScript = request.url === '/script.js'
    answer.writeHead(200, { 'Content-Type': isScript ? 'text/javascript' : 'text/html' })
    answer.end(isScript ? script : '<!doctype html><html lang="en"><title>Kettles</title><script src="/script.js"></script></html>')
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${server.address().port}`
}
