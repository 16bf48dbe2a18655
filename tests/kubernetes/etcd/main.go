// etcd, built from the module registry for tests.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"millrace/tests/kubernetes/lifeline"
)

func main() {
	lifeline.Hold()
	etcdmain.Main(os.Args)
}
