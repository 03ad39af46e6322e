package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
)

// maxFooter is the longest footer that is read, in bytes; one takes about
// 100 bytes for each column of each row group.
const maxFooter = 64 << 20

// Open reads the footer of a Parquet file. It first walks the footer's lists:
// the Parquet library makes room for as many elements as a list claims, which
// in a damaged file can be billions.
func Open(from parquet.ReaderAtSeeker) (*file.Reader, error) {
	size, err := from.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	var tail [8]byte
	if size < int64(len(tail)) {
		return nil, errors.New("too short for a Parquet file")
	}
	if _, err := from.ReadAt(tail[:], size-8); err != nil {
		return nil, err
	}
	length := int64(binary.LittleEndian.Uint32(tail[:]))
	if string(tail[4:]) != "PAR1" {
		return nil, errors.New("no Parquet footer: the file is cut short, encrypted or of another kind")
	}
	if length > size-8 || length > maxFooter {
		return nil, fmt.Errorf("the footer claims %d bytes of %d", length, size)
	}
	footer := make([]byte, length)
	if _, err := from.ReadAt(footer, size-8-length); err != nil {
		return nil, err
	}
	walk := compact{left: footer}
	if walk.structure(0); walk.failed {
		return nil, errors.New("the footer is damaged")
	}
	return file.NewParquetReader(from)
}

// compact walks a value of Thrift's compact protocol without keeping it.
// Source: Apache Thrift, doc/specs/thrift-compact-protocol.md.
type compact struct {
	left   []byte
	failed bool
}

// The types of fields and elements that are told apart.
const (
	typeTrue   = 1
	typeFalse  = 2
	typeByte   = 3
	typeI64    = 6 // 4 and 5 are shorter ones, written alike
	typeDouble = 7
	typeBinary = 8
	typeList   = 9
	typeSet    = 10
	typeMap    = 11
	typeStruct = 12
)

func (c *compact) structure(depth int) {
	if depth > 32 {
		c.failed = true
	}
	for !c.failed {
		head := c.byte()
		if head == 0 || c.failed {
			return
		}
		if head>>4 == 0 {
			c.varint()
		}
		if kind := head & 15; kind != typeTrue && kind != typeFalse {
			c.value(kind, depth)
		}
	}
}

func (c *compact) value(kind byte, depth int) {
	switch kind {
	case typeTrue, typeFalse, typeByte:
		c.skip(1)
	case typeByte + 1, typeByte + 2, typeI64:
		c.varint()
	case typeDouble:
		c.skip(8)
	case typeBinary:
		c.skip(c.varint())
	case typeList, typeSet:
		head := c.byte()
		size := uint64(head >> 4)
		if size == 15 {
			size = c.varint()
		}
		c.elements(size, depth, head&15)
	case typeMap:
		if size := c.varint(); size > 0 {
			kinds := c.byte()
			c.elements(size, depth, kinds>>4, kinds&15)
		}
	case typeStruct:
		c.structure(depth + 1)
	default:
		c.failed = true
	}
}

// elements walks size times the kinds; each takes a byte or more.
func (c *compact) elements(size uint64, depth int, kinds ...byte) {
	if size > uint64(len(c.left)) || depth > 32 {
		c.failed = true
	}
	for ; size > 0 && !c.failed; size-- {
		for _, kind := range kinds {
			c.value(kind, depth+1)
		}
	}
}

func (c *compact) byte() byte {
	if len(c.left) == 0 {
		c.failed = true
		return 0
	}
	b := c.left[0]
	c.left = c.left[1:]
	return b
}

func (c *compact) varint() uint64 {
	v, n := binary.Uvarint(c.left)
	if n <= 0 {
		c.failed = true
		return 0
	}
	c.left = c.left[n:]
	return v
}

func (c *compact) skip(n uint64) {
	if n > uint64(len(c.left)) {
		c.failed = true
		return
	}
	c.left = c.left[n:]
}
