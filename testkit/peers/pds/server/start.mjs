// Runs a real PLC directory, kept in memory, and a real PDS, both on loopback.
//
//   node start.mjs DATA PLC_PORT PDS_PORT
//
// It prints "ready" once both answer, and ends when its input ends, so that it
// cannot outlive the test that started it.
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { Server } from 'node:http'
import { join } from 'node:path'

const [data, plcPort, pdsPort] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]

// Both servers listen on every address and offer no choice.
const { listen } = Server.prototype
Server.prototype.listen = function (port, ...rest) {
  return typeof port === 'number' ? listen.call(this, port, '127.0.0.1', ...rest) : listen.call(this, port, ...rest)
}

const plc = await import('@did-plc/server')
const { PDS, envToCfg, envToSecrets } = await import('@atproto/pds')

const directory = plc.PlcServer.create({ db: plc.Database.mock(), port: plcPort })
await directory.start()

const blobs = join(data, 'blobs')
mkdirSync(blobs, { recursive: true })
const env = {
  devMode: true,
  hostname: 'localhost',
  port: pdsPort,
  dataDirectory: data,
  blobstoreDiskLocation: blobs,
  didPlcUrl: `http://localhost:${plcPort}`,
  disableSsrfProtection: true,
  serviceHandleDomains: ['.test'],
  inviteRequired: false,
  adminPassword: randomBytes(16).toString('hex'),
  jwtSecret: randomBytes(16).toString('hex'),
  plcRotationKeyK256PrivateKeyHex: randomBytes(32).toString('hex'),
  // There is no AppView: reads of app.bsky answer 502.
  bskyAppViewUrl: 'https://appview.invalid',
  bskyAppViewDid: 'did:example:appview',
  modServiceUrl: 'https://mod.invalid',
  modServiceDid: 'did:example:mod',
  crawlers: [],
}
const server = await PDS.create(envToCfg(env), envToSecrets(env))
await server.start()

async function stop() {
  await server.destroy().catch(() => {})
  await directory.destroy().catch(() => {})
  process.exit(0)
}
process.on('SIGTERM', stop)
process.stdin.on('end', stop).resume()
console.log('ready')
