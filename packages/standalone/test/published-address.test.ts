import assert from 'node:assert/strict'
import test from 'node:test'
import { authority } from '../src/gateway/service-endpoints.ts'
import { localAddress, publishedAddress } from '../src/published-address.ts'

test('a loopback address is told as one that Kubernetes takes, and found again', () => {
  assert.equal(publishedAddress('127.64.3.9'), '247.64.3.9')
  assert.equal(localAddress('247.64.3.9'), '127.64.3.9')
  assert.equal(authority('247.64.3.9', 8080), '127.64.3.9:8080')
})

test("others' addresses are left as they are", () => {
  for (const address of ['10.0.0.7', '192.0.2.127', '2001:db8::247']) {
    assert.equal(publishedAddress(address), address)
    assert.equal(localAddress(address), address)
  }
})
