#include "tensor/safetensors.h"
