package handoff

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// Encode gives a payload's canonical form, and the payload as whoever reads
// that form will see it: nil slices and maps are empty ones, numbers inside
// "any" are doubles. Whoever passes a payload on passes that one, so that
// work which was done and work which was found again are the same bits.
func Encode[P any](payload P) (P, []byte, error) {
	data, err := json.Marshal(payload)
	if err != nil {
		return payload, nil, fmt.Errorf("encode %T: %w", payload, err)
	}
	seen, err := Decode[P](data)
	if err != nil {
		return payload, nil, err
	}
	data, err = Canonical(seen)
	return seen, data, err
}

// Decode reads a payload's JSON. Lists and maps that are null or left out are
// empty, never nil. It does not check.
func Decode[P any](data []byte) (P, error) {
	var payload P
	if err := json.Unmarshal(data, &payload); err != nil {
		return payload, fmt.Errorf("decode %T: %w", payload, err)
	}
	fill(reflect.ValueOf(&payload).Elem())
	return payload, nil
}

// fill makes nil slices and maps empty ones, at any depth.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			fill(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i))
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return
		}
		if v.IsNil() {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		}
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.Map:
		if v.IsNil() {
			v.Set(reflect.MakeMap(v.Type()))
		}
		for it := v.MapRange(); it.Next(); {
			item := reflect.New(v.Type().Elem()).Elem()
			item.Set(it.Value())
			fill(item)
			v.SetMapIndex(it.Key(), item)
		}
	}
}

// Refs are all references that a payload holds, at any depth.
func Refs(payload any) []Ref {
	var refs []Ref
	eachRef(reflect.ValueOf(payload), &refs)
	return refs
}

func eachRef(v reflect.Value, refs *[]Ref) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			eachRef(v.Elem(), refs)
		}
	case reflect.Struct:
		if ref, ok := v.Interface().(Ref); ok {
			*refs = append(*refs, ref)
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				eachRef(v.Field(i), refs)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachRef(v.Index(i), refs)
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			eachRef(it.Value(), refs)
		}
	}
}

// decodeLike is Decode for a type that only a value of it names.
func decodeLike(data []byte, zero Payload) (Payload, error) {
	v := reflect.New(reflect.TypeOf(zero))
	if err := json.Unmarshal(data, v.Interface()); err != nil {
		return nil, fmt.Errorf("decode %T: %w", zero, err)
	}
	fill(v.Elem())
	return v.Elem().Interface().(Payload), nil
}
