// Package browsertest tests the page of package monitor in a real browser. It is a module of its
// own, for what it needs to drive one. Without a Chromium its tests are skipped; where
// REQUIRE_BROWSER is set, they fail.
package browsertest
