# Reads names of files, a line each, and answers each with a line: the number of words, and the name.
# Two kinds of text are too much for it, as for many a program that was not made to last.
while IFS= read -r name; do
	text=$(cat "$name")
	case $text in
	*'crash the scorer'*) echo "cannot bear $name" >&2; kill -9 $$ ;;
	*'hang the scorer'*) sleep 1000 ;;
	esac
	set -f # no * in the text shall match files
	set -- $text
	echo "$# $name"
done
