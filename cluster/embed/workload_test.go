package embed

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMessagesAreSeenHoweverTheirBytesCome(t *testing.T) {
	const one, two = "$JS.ACK.PL_a_b_1.w.1.7.8.123.", "$JS.ACK.PL_a_b_1.w.2.9.10.456."
	said := "MSG x 1 " + one + "99 3\r\nabc\r\nPUB " + two + "0 4\r\n+WPI\r\n$JS.ACK.no name " + strings.Repeat("-", mostName) +
		"PUB y 50\r\n\x01" + two + "05\r\n$JS."
	for size := 1; size <= len(said); size++ {
		var found []string
		s := &sighting{found: func(message string) { found = append(found, message) }}
		for rest := said; rest != ""; {
			n := min(size, len(rest))
			_, err := s.Write([]byte(rest[:n]))
			require.NoError(t, err)
			rest = rest[n:]
		}
		require.Equal(t, []string{one, two}, found, "pieces of %d bytes", size)
	}
}

func TestAWorkloadIsHandedBackOnce(t *testing.T) {
	var has workload
	var back []string
	has.done("never given")
	has.gave("a")
	for range 3 * mostHeld { // of runs that were broken off
		has.gave("left")
	}
	has.gave("b")
	has.done("a")
	has.settle(func(m string) { back = append(back, m) })
	require.ElementsMatch(t, []string{"left", "b"}, back)
	has.gave("c")
	require.Equal(t, "c", back[2])
}
