package guardhttp_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"
)

// resolver answers every question for an IPv4 address with what answer says,
// and has no IPv6 address for anything. It speaks DNS over a pipe.
func resolver(answer func(name string) string) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		go serveDNS(far, answer)
		return near, nil
	}}
}

// serveDNS answers what comes over a stream, where each message has its length
// in front.
func serveDNS(c net.Conn, answer func(name string) string) {
	defer func() { _ = c.Close() }()
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, query); err != nil {
			return
		}
		reply := replyTo(query, answer)
		out := binary.BigEndian.AppendUint16(nil, uint16(len(reply)))
		if _, err := c.Write(append(out, reply...)); err != nil {
			return
		}
	}
}

// replyTo writes the answer to a query of one question; see RFC 1035, section 4.
func replyTo(query []byte, answer func(name string) string) []byte {
	const header = 12
	var labels []string
	at := header
	for query[at] != 0 {
		n := int(query[at])
		labels = append(labels, string(query[at+1:at+1+n]))
		at += n + 1
	}
	question := query[header : at+5]
	isA := binary.BigEndian.Uint16(query[at+1:]) == 1
	var count byte
	if isA {
		count = 1
	}
	out := []byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, count, 0, 0, 0, 0}
	out = append(out, question...)
	if isA {
		ip := netip.MustParseAddr(answer(strings.Join(labels, "."))).As4()
		out = append(out, 0xc0, header, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		out = append(out, ip[:]...)
	}
	return out
}
