// Runs the migration in the file named first against the space, environment and
// host named after. It is a program of its own since Node reads
// NODE_EXTRA_CA_CERTS when it starts.

import { createRequire } from 'node:module'

const { runMigration } = createRequire(import.meta.url)('contentful-migration')
const [filePath, spaceId, environmentId, host] = process.argv.slice(2)
await runMigration({ filePath, spaceId, environmentId, host, accessToken: 'management', yes: true })
