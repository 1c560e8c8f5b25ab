// A MongoDB-compatible server for the tests: FerretDB with its SQLite backend, embedded, because its own command does
// not build from the module proxy (it wants a generated version file). It listens on a free loopback port, prints its
// address on the first line of stdout, and ends when stdin is closed, so that it never outlives who started it.
//
// Usage: ferretdb DATA_DIR
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "ferretdb:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("usage: %s DATA_DIR", filepath.Base(os.Args[0]))
	}
	dataDir, err := filepath.Abs(os.Args[1])
	if err != nil {
		return err
	}
	sqliteURL := url.URL{Scheme: "file", Path: dataDir + "/"}

	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: "127.0.0.1:0"},
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		Handler:   "sqlite",
		SQLiteURL: sqliteURL.String(),
	})
	if err != nil {
		return err
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	go func() {
		// The address is known once Run has begun to listen; until then this call waits.
		fmt.Println(server.MongoDBURI())
	}()
	return server.Run(ctx)
}
