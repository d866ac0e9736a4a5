package measure

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const page = "# Page\n\n<!-- measured: one -->\n\nold\n\n<!-- end of one -->\n\nText.\n\n<!-- measured: two -->\n\n<!-- end of two -->\n"

func document(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestUpdateReplacesWhatWasMeasured(t *testing.T) {
	file := document(t, page)
	err := Update(file, func(name string, w io.Writer) error {
		_, err := fmt.Fprintf(w, "\nnew %s\n", name)
		return err
	})
	got, _ := os.ReadFile(file)
	want := "# Page\n\n<!-- measured: one -->\n\nnew one\n\n<!-- end of one -->\n\nText.\n\n<!-- measured: two -->\n\nnew two\n\n<!-- end of two -->\n"
	if err != nil || string(got) != want {
		t.Fatalf("%v; got:\n%s", err, got)
	}
}

func TestUpdateThatFailsWritesNothing(t *testing.T) {
	broken := errors.New("broken")
	for text, want := range map[string]string{
		page: "broken",
		"<!-- measured: one -->\n\n<!-- end of two -->\n": `ends with "two"`,
		"no place": "has no place",
	} {
		file := document(t, text)
		err := Update(file, func(string, io.Writer) error { return broken })
		got, _ := os.ReadFile(file)
		if err == nil || !strings.Contains(err.Error(), want) || string(got) != text {
			t.Errorf("%v; want an error with %q; the file:\n%s", err, want, got)
		}
	}
}
