//go:build unix

package process_test

import (
	"context"
	"encoding/gob"
	htmltemplate "html/template"
	"math"
	"math/big"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"testing"
	"text/template"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/process"
)

// Types of the standard library that encode themselves arrive equal, or are refused.

type (
	timed struct {
		At    time.Time
		Until *time.Time
		By    map[string]time.Time
		All   [2][]time.Time
	}
	stamped struct { // has MarshalBinary from time.Time, which knows nothing of Name
		time.Time
		Name string
	}
	linked struct {
		url.URL
		Title string
		Next  *linked
	}
	mixed struct {
		At  time.Time
		Any any
	}
	price struct{ Cents int }
)

func (p price) MarshalBinary() ([]byte, error)  { return []byte{byte(p.Cents)}, nil }
func (p *price) UnmarshalBinary(b []byte) error { p.Cents = int(b[0]); return nil }

type priced struct {
	Price price
	At    time.Time
	Sum   *big.Float
}

func init() {
	gob.Register(time.Time{})
	gob.Register(url.URL{})
	gob.Register(stamped{})
}

// there sends a value to a worker and back.
func there[T any]() func(t *testing.T, in ...T) []T {
	stage := process.Map(func(_ context.Context, v T) (T, error) { return v, nil })
	return func(t *testing.T, in ...T) []T {
		t.Helper()
		got, err := stage(pl.FromSlice(in)).Collect(t.Context())
		require.NoError(t, err)
		return got
	}
}

var (
	timesThere    = there[time.Time]()
	timedThere    = there[timed]()
	stampedThere  = there[stamped]()
	linkedThere   = there[linked]()
	pricedThere   = there[priced]()
	mixedThere    = there[mixed]()
	floatsThere   = there[*big.Float]()
	ratsThere     = there[big.Rat]()
	addrsThere    = there[netip.Addr]()
	prefixesThere = there[netip.Prefix]()
	portsThere    = there[netip.AddrPort]()
	urlsThere     = there[url.URL]()
	urlPtrsThere  = there[*url.URL]()
	mixes         = process.Each(consume[mixed])
	nextDay       = process.Map(func(_ context.Context, at time.Time) (time.Time, error) { return at.AddDate(0, 0, 1), nil })
	whereIs       = process.Map(func(_ context.Context, at time.Time) (string, error) { return at.Location().String(), nil })
)

func times(t *testing.T) []time.Time {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	again, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	utc, err := time.LoadLocation("Etc/UTC")
	require.NoError(t, err)
	parsed, err := time.Parse(time.RFC3339, "2026-03-28T12:00:00+05:45")
	require.NoError(t, err)
	at := time.Date(2026, 3, 28, 12, 0, 0, 123456789, time.UTC)
	return []time.Time{
		{}, at, at.In(berlin), at.In(again), at.In(utc), at.Local(), parsed, at.In(time.FixedZone("CET", 3600)),
		at.In(time.FixedZone("", -17)), at.In(time.FixedZone("Europe/Berlin", 7200)), at.AddDate(100_000, 0, 0).In(berlin),
		time.Unix(math.MinInt64/2, 999_999_999).UTC(), time.Date(1, 1, 1, 0, 0, 0, 0, berlin),
	}
}

func TestTimesArriveEqual(t *testing.T) {
	in := times(t)
	got := timesThere(t, in...)
	require.Len(t, got, len(in))
	for i, want := range in {
		require.True(t, want.Equal(got[i]), "%v", want)
		require.Equal(t, want.Location().String(), got[i].Location().String())
		require.Equal(t, want.Format(time.RFC3339Nano+" MST"), got[i].Format(time.RFC3339Nano+" MST"))
		require.Equal(t, want.AddDate(0, 6, 0).String(), got[i].AddDate(0, 6, 0).String())
	}
	require.Equal(t, slices.Repeat(in[2:3], 2), got[2:4], "in the very same location")

	names, err := whereIs(pl.FromSlice(in)).Collect(t.Context())
	require.NoError(t, err)
	for i, want := range in {
		require.Equal(t, want.Location().String(), names[i])
	}
	days, err := nextDay(pl.FromSlice(in)).Collect(t.Context())
	require.NoError(t, err)
	for i, at := range in {
		require.Equal(t, at.AddDate(0, 0, 1).String(), days[i].String())
	}
	now := time.Now()
	require.True(t, now.Equal(timesThere(t, now)[0]))
	require.Equal(t, now.Round(0), timesThere(t, now)[0], "without its monotonic reading")
}

func TestTimesInsideOthersArriveEqual(t *testing.T) {
	in := times(t)
	all := timed{in[2], &in[7], map[string]time.Time{"a": in[3], "b": in[1]}, [2][]time.Time{in, nil}}
	require.Equal(t, all, timedThere(t, timed{}, all)[1])
	require.Equal(t, stamped{in[2], "name"}, stampedThere(t, stamped{in[2], "name"})[0])
	p := priced{price{7}, in[2], big.NewFloat(1.5).SetMode(big.ToZero)}
	require.Equal(t, p, pricedThere(t, p, p)[1])
}

func TestATimeThatCannotArriveEqualIsRefused(t *testing.T) {
	berlin := times(t)[2]
	custom, err := time.LoadLocationFromTZData("Europe/Berlin", tzdata(t, "America/New_York"))
	require.NoError(t, err)
	var dropped drops
	require.NoError(t, whereIs(pl.From(berlin, berlin.In(custom))).With(dropped.option()).Run(t.Context()))
	require.Len(t, dropped.errs, 1)
	require.ErrorContains(t, dropped.errs[0], "cannot be loaded by this name")

	dropped = drops{}
	in := []mixed{{berlin, 1}, {berlin.UTC(), berlin}, {berlin.UTC(), stamped{berlin.UTC(), "x"}},
		{berlin.UTC(), url.URL{Host: "h", Path: "x"}}}
	require.NoError(t, mixes(pl.FromSlice(in)).With(dropped.option()).Run(t.Context()))
	require.Len(t, dropped.errs, len(in))
	good := []mixed{{berlin.UTC(), 1}, {berlin.Local().Round(0), berlin.UTC()}}
	require.Equal(t, good, mixedThere(t, good...))
}

func tzdata(t *testing.T, name string) []byte {
	t.Helper()
	// A location that says it is another: one transition, and one zone of no offset.
	data := append([]byte("TZif"), make([]byte, 40)...)
	data[4+16+3*4+3+4-4-1], data[4+16+4*4+3], data[4+16+5*4+3] = 0, 1, 4
	return append(data, 0, 0, 0, 0, 0, 0, 'N', 'Y', 'T', 0)
}

func TestNumbersAndAddressesArriveEqual(t *testing.T) {
	float, _, err := big.ParseFloat("3.14159265358979323846264338327950288", 10, 200, big.AwayFromZero)
	require.NoError(t, err)
	floats := []*big.Float{float, new(big.Float), new(big.Float).SetInf(true), big.NewFloat(math.Copysign(0, -1)), nil}
	require.Equal(t, floats, floatsThere(t, floats...))
	require.Equal(t, *big.NewRat(-1, 3), ratsThere(t, *big.NewRat(-1, 3))[0])
	addrs := []netip.Addr{{}, netip.MustParseAddr("::1"), netip.MustParseAddr("fe80::1%eth0"), netip.MustParseAddr("::ffff:1.2.3.4"), netip.MustParseAddr("1.2.3.4")}
	require.True(t, slices.Equal(addrs, addrsThere(t, addrs...)))
	prefixes := []netip.Prefix{{}, netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::/0")}
	require.True(t, slices.Equal(prefixes, prefixesThere(t, prefixes...)))
	ports := []netip.AddrPort{{}, netip.MustParseAddrPort("[fe80::1%eth0]:80")}
	require.True(t, slices.Equal(ports, portsThere(t, ports...)))
}

func TestURLsArriveEqual(t *testing.T) {
	urls := []url.URL{
		{}, {Scheme: "http", Host: "bad host", Path: "/x"}, {Host: "h", Path: "x"}, {Path: "a:b"}, {Scheme: "mailto", Opaque: "a@b"},
		{Scheme: "http", Host: "h", User: url.User("me")}, {Scheme: "http", Host: "h", User: url.UserPassword("me", "")},
		{Scheme: "http", Host: "h", User: url.UserPassword("m:e", "p@ss"), RawPath: "/%2f", Path: "//", ForceQuery: true, RawFragment: "%20", Fragment: " "},
	}
	require.Equal(t, urls, urlsThere(t, urls...))
	require.Equal(t, []*url.URL{&urls[7], nil}, urlPtrsThere(t, &urls[7], nil))
	in := linked{urls[7], "title", &linked{URL: urls[1]}}
	require.Equal(t, in, linkedThere(t, in)[0])
}

var withoutEncoding = map[string]func(context.Context) error{
	"template.Template": runner[template.Template](),
	"Tree":              runner[*htmltemplate.Template](),
	"regexp.Regexp":     runner[*regexp.Regexp](),
	"time.Location":     runner[*time.Location](),
}

func TestTypesThatDoNotEncodeThemselvesAreRefused(t *testing.T) {
	for name, run := range withoutEncoding {
		require.ErrorContains(t, run(t.Context()), "unexported field", name)
	}
}
