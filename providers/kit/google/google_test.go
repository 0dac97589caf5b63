package google_test

import (
	"testing"

	"github.com/crierhq/crier/providers/kit/google"
)

func TestFailureReadsBothWaysOfSayingIt(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		body                            string
		reason, status, info, field, of string
	}{
		"older": {body: `{"error":{"code":403,"errors":[{"domain":"usageLimits","reason":"quotaExceeded"},{"reason":"other"}]}}`, reason: "quotaExceeded"},
		"newer": {
			body:   `{"error":{"code":403,"status":"PERMISSION_DENIED","details":[{"@type":"x","reason":"SERVICE_DISABLED","metadata":{"consumer":"projects/1"}}]}}`,
			status: "PERMISSION_DENIED", info: "SERVICE_DISABLED", of: "projects/1",
		},
		"what is wrong": {
			body:   `{"error":{"code":400,"status":"INVALID_ARGUMENT","details":[{"errorDetails":[{"code":2,"field":"topic_type","message":"It is required."}]}]}}`,
			status: "INVALID_ARGUMENT", field: "topic_type",
		},
		"a sign-in":  {body: `{"error":"invalid_grant"}`},
		"a web page": {body: `<html>`},
		"nothing":    {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := google.FailureOf([]byte(tc.body))
			var info, of, field string
			if len(f.Details) > 0 {
				info, of = f.Details[0].Reason, f.Details[0].Metadata["consumer"]
				if len(f.Details[0].Errors) > 0 {
					field = f.Details[0].Errors[0].Field
				}
			}
			if f.Reason() != tc.reason || f.Status != tc.status || info != tc.info || field != tc.field || of != tc.of {
				t.Errorf("got %+v, want %+v", f, tc)
			}
		})
	}
}
