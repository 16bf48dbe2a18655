// Holds the lock of a directory until it is killed.
import { acquireDataLock } from '../../../src/store/data-lock.ts'

acquireDataLock(process.argv[2] ?? '')
process.stdout.write('held\n')
setInterval(() => undefined, 1000)
