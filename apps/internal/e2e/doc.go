// Package e2e tries the whole server as programs see it: every operation of the
// HTTP API through the generated client, by whoever may and whoever may not, on
// each database, with every answer held against the OpenAPI document; and with
// requests that nobody should send. It has tests only.
package e2e
